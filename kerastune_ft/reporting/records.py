"""The files of a run directory as the report reads them; any of them may not be there yet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastune_ft.errors import ConfigError, DataError

if TYPE_CHECKING:
    from pandas import DataFrame

# What is written when; the page says so where a file is not there yet.
WRITTEN = {
    "plan.json": "written before the first step",
    "manifest.json": "written when the run starts",
    "history.csv": "written after the first epoch",
    "metrics.json": "written when the last phase has ended",
    "evaluation/predictions.csv": "written when the final model is evaluated",
}
_KEPT = ("split", "input", "label", "prediction", "probability", "value", "loss")


@dataclass(frozen=True)
class Records:
    """Everything read from one run directory; a file that is not there is an empty value."""

    directory: Path
    config: Mapping[str, Any]
    plan: Mapping[str, Any]
    manifest: Mapping[str, Any]
    metrics: Mapping[str, Mapping[str, Any]]
    history: list[dict[str, Any]]
    predictions: list[dict[str, str]]
    mistakes: list[dict[str, Any]]
    missing: list[str]

    @property
    def shows_examples(self) -> bool:
        """Whether thumbnails, paths and group ids may appear; without a configuration they may not."""
        return bool(self.config) and (self.config.get("output") or {}).get("examples", True) is True


def read(directory: Path) -> Records:
    """Read a run directory, or raise ConfigError if it is none."""
    config = _json(directory, "config.json", {})
    manifest = _json(directory, "manifest.json", {})
    if not config and not manifest:
        raise ConfigError(
            f'{directory}: not a run directory, it holds neither "config.json" nor "manifest.json"; '
            "give a directory that `run` wrote (`runs DIR` lists them)"
        )
    return Records(
        directory=directory,
        config=config,
        plan=_json(directory, "plan.json", {}),
        manifest=manifest,
        metrics=_json(directory, "metrics.json", {}),
        history=[_numbers(row) for row in _csv(directory, "history.csv")],
        predictions=[{key: row[key] for key in _KEPT if key in row} for row in predictions(directory)],
        mistakes=_json(directory, "evaluation/mistakes.json", []),
        missing=[name for name in WRITTEN if not (directory / name).exists()],
    )


def predictions(directory: Path) -> list[dict[str, str]]:
    """Return the rows of the final evaluation, every value as text."""
    return _csv(directory, "evaluation/predictions.csv")


def frame(history: list[dict[str, Any]]) -> DataFrame:
    """Return history rows as a pandas frame."""
    from pandas import DataFrame

    return DataFrame(history)


def _json(directory: Path, name: str, absent: Any) -> Any:
    path = directory / name
    if not path.exists():
        return absent
    try:
        # NaN, as of a loss that diverged, is no JSON for whoever reads `report --json`: it becomes "no value".
        return json.loads(path.read_text(encoding="utf-8"), parse_constant=lambda _: None)
    except ValueError as problem:
        raise DataError(
            f"{path}: the file is damaged, it is not valid JSON ({problem}); "
            f"`run CONFIG --run-dir {directory}` goes on from what is intact"
        ) from None


def _csv(directory: Path, name: str) -> list[dict[str, str]]:
    path = directory / name
    if not path.exists():
        return []
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))


def _numbers(row: Mapping[str, str]) -> dict[str, Any]:
    """Return a history row with numbers for text; an empty cell (a metric not measured) becomes NaN."""
    return {key: value if key == "phase" else float(value or "nan") for key, value in row.items()}
