"""Run directories of several models measured on the same examples, in the formats that the program writes."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kerastune_ft.metrics.document import OUT_OF_FOLD
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


def write_folds(run: Path, draw: int, *, seed_of_folds: int = 0, **settings: Any) -> Path:
    """Write a finished cross-validation of 3 folds; examples out of fold are those of validation of `write_model`.

    The first metric of a fold is `draw` times its number.
    """
    write_model(run, draw, **settings)
    for name, split in (("splits.csv", "train"), ("evaluation/predictions.csv", OUT_OF_FOLD)):
        path = run / name
        path.write_text(path.read_text().replace(",validation", f",{split}").replace("validation,", f"{split},"))
    metrics = json.loads((run / "metrics.json").read_text())
    run_files.write_json(run / "metrics.json", {OUT_OF_FOLD: metrics["validation"], "test": metrics["test"]})
    change(run, "plan.json", folds={"folds": 3, "seeds": 1}, phases=[])
    change(run, "manifest.json", phases=[])
    with (run / "splits.csv").open() as file:
        names = [row["input"] for row in csv.DictReader(file) if row["split"] == "train"]
    rows = [{"input": name, "seed": 0, "fold": (at + seed_of_folds) % 3} for at, name in enumerate(names)]
    run_files.write_csv(run / "out_of_fold.csv", rows)
    members = [
        {
            "seed": 0,
            "fold": fold,
            "trained": 20,
            "validated": 10,
            "seconds": 1.0,
            "metrics": {"loss": draw * fold, "auc": None},
        }
        for fold in range(3)
    ]
    run_files.write_json(run / "crossvalidation.json", {"members": members, "metrics": {}})
    return run


def change(run: Path, name: str, **values: Any) -> None:
    """Change keys of a JSON file of a run."""
    path = run / name
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def read_rows(run: Path, split: str = "test") -> list[dict[str, str]]:
    """The predictions of a split."""
    with (run / "evaluation/predictions.csv").open() as file:
        return [row for row in csv.DictReader(file) if row["split"] == split]
