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
# By kind of labels, the beginnings of further columns that the page is made of.
_KEPT_TOO = {"one": (), "several": ("probability_",), "values": ("label_", "value_")}


@dataclass(frozen=True)
class Records:
    """Everything read from one run directory; a file that is not there is an empty value."""

    directory: Path
    config: Mapping[str, Any]
    plan: Mapping[str, Any]
    manifest: Mapping[str, Any]
    metrics: Mapping[str, Mapping[str, Any]]
    constant: Mapping[str, Mapping[str, Any]]
    thresholds: Mapping[str, float]
    history: list[dict[str, Any]]
    predictions: list[dict[str, str]]
    mistakes: list[dict[str, Any]]
    splits: list[dict[str, str]]
    missing: list[str]

    @property
    def shows_examples(self) -> bool:
        """Whether thumbnails, paths and group ids may appear; without a configuration they may not."""
        return bool(self.config) and (self.config.get("output") or {}).get("examples", True) is True

    @property
    def kind(self) -> str:
        """What the labels are: `one`, `several` or `values`."""
        return _kind(self.plan, self.config)

    @property
    def names(self) -> list[str]:
        """The classes or targets, in order."""
        named = (self.plan.get("labels") or {}).get("names") or (self.plan.get("data") or {}).get("classes") or ()
        return [str(name) for name in named]


def read(directory: Path) -> Records:
    """Read a run directory, or raise ConfigError if it is none."""
    config = _json(directory, "config.json", {})
    manifest = _json(directory, "manifest.json", {})
    if not config and not manifest:
        raise ConfigError(
            f'{directory}: not a run directory, it holds neither "config.json" nor "manifest.json"; '
            "give a directory that `run` wrote (`runs DIR` lists them)"
        )
    plan = _json(directory, "plan.json", {})
    return Records(
        directory=directory,
        config=config,
        plan=plan,
        manifest=manifest,
        metrics=_json(directory, "metrics.json", {}),
        constant=_json(directory, "evaluation/constant.json", {}),
        thresholds=_json(directory, "model/thresholds.json", {}),
        history=[_numbers(row) for row in _csv(directory, "history.csv")],
        predictions=_kept(predictions(directory), _KEPT_TOO[_kind(plan, config)]),
        mistakes=_json(directory, "evaluation/mistakes.json", []),
        splits=_csv(directory, "splits.csv"),
        missing=[name for name in WRITTEN if not (directory / name).exists()],
    )


def predictions(directory: Path) -> list[dict[str, str]]:
    """Return the rows of the final evaluation, every value as text."""
    return _csv(directory, "evaluation/predictions.csv")


def _kind(plan: Mapping[str, Any], config: Mapping[str, Any]) -> str:
    """Return what the labels are; where the plan is lost, what the task makes of them."""
    if (plan.get("labels") or {}).get("kind") in _KEPT_TOO:
        return str(plan["labels"]["kind"])
    task = config.get("task") or {}
    if str(task.get("kind")).endswith("_regression"):
        return "values"
    return "several" if task.get("multi_label") else "one"


def _kept(rows: list[dict[str, str]], beginnings: tuple[str, ...]) -> list[dict[str, str]]:
    return [
        {name: text for name, text in row.items() if name in _KEPT or (beginnings and name.startswith(beginnings))}
        for row in rows
    ]


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
