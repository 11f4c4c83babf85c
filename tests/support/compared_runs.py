"""Run directories of several models measured on the same examples, in the formats that the program writes."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.support import run_files

CLASSES = ("bacterial", "normal", "viral")


def write_model(
    run: Path,
    draw: int,
    *,
    test: Sequence[int] | None = None,
    fingerprint: str = "ab" * 32,
    group_size: int = 1,
    settings: Mapping[str, Any] | None = None,
    input_name: str = "chest/{label}/patient-{number:04d}.png",
) -> Path:
    """Write a finished run whose answers `draw` decides; `test` are the places of its test examples among all of them.

    Metrics are loss and accuracy, computed here. Examples of one group follow each other.
    """
    run_files.write_run(run, CLASSES, examples=False)
    rows = run_files.prediction_rows(CLASSES, random.Random(draw))
    validation = [row for row in rows if row["split"] == "validation"]
    tested = [row for row in rows if row["split"] == "test"]
    rows = [*validation, *(tested[place] for place in (range(len(tested)) if test is None else test))]
    for number, row in enumerate(rows):
        place = int(str(row["input"]).rpartition("-")[2].split(".")[0])
        row["input"] = input_name.format(label=row["label"], number=place, split=row["split"])
        row["group"] = f"G{number // group_size}"
    for row in rows:
        row["content"] = f"{row['split']}{row['input']}"
    run_files.write_csv(
        run / "splits.csv", [{key: row[key] for key in ("input", "label", "split", "group", "content")} for row in rows]
    )
    run_files.write_csv(
        run / "evaluation/predictions.csv",
        [{key: cell for key, cell in row.items() if key not in ("group", "content")} for row in rows],
    )
    measured = {
        split: {
            "loss": sum(row["loss"] for row in own) / len(own),
            "accuracy": sum(row["label"] == row["prediction"] for row in own) / len(own),
        }
        for split in ("validation", "test")
        if (own := [row for row in rows if row["split"] == split])
    }
    run_files.write_json(run / "metrics.json", measured)
    change(run, "manifest.json", data_fingerprint=fingerprint)
    change(run, "config.json", **(settings or {}))
    return run


def change(run: Path, name: str, **values: Any) -> None:
    """Change keys of a JSON file of a run."""
    path = run / name
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def read_rows(run: Path, split: str = "test") -> list[dict[str, str]]:
    """The predictions of a split."""
    with (run / "evaluation/predictions.csv").open() as file:
        return [row for row in csv.DictReader(file) if row["split"] == split]
