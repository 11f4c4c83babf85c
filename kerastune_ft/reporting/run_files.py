"""Reads the files of a run directory for the report; any of them may not exist yet."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastune_ft.config.options.task_facts import facts, find_facts
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.metrics.document import (
    BEFORE,
    BOXES,
    FIRST,
    FOLDS,
    RELIABILITY,
    SAMPLES,
    examples_by_split,
    groups_by_split,
    intervals_by_split,
    metrics_by_class,
    metrics_by_split,
)
from kerastune_ft.reporting.results.base import SPLIT, ResultPage, Results
from kerastune_ft.reporting.results.pages import PAGES

if TYPE_CHECKING:
    from pandas import DataFrame

# When each file is written; the page says so where it does not exist yet.
WRITTEN = {
    "plan.json": "written before the first step",
    "manifest.json": "written when the run starts",
    "history.csv": "written after the first epoch",
    "metrics.json": "written when the last phase has ended",
    "evaluation/predictions.csv": "written when the final model is evaluated",
}
# The columns of predictions.csv that every page is made of; a page of one kind of labels names further ones.
_COLUMNS = ("split", "input", "label", "prediction", "probability", "value", "loss")
# The task that a run is taken for whose files do not tell.
_ANY_TASK = "image_classification"


@dataclass(frozen=True)
class RunFiles:
    """Everything that the report reads from a run directory; a file that does not exist is an empty value."""

    directory: Path
    config: Mapping[str, Any]
    plan: Mapping[str, Any]
    manifest: Mapping[str, Any]
    document: Mapping[str, Any]
    """What metrics.json holds."""
    metrics: Mapping[str, Mapping[str, Any]]
    constant: Mapping[str, Mapping[str, Any]]
    before: Mapping[str, Mapping[str, Any]]
    """The metrics by split before the first phase, of a model that writes."""
    intervals: Mapping[str, Mapping[str, tuple[float, float]]]
    measured_examples: Mapping[str, int]
    folds: Mapping[str, Any]
    """What crossvalidation.json holds, of an ensemble."""
    first: Mapping[str, Any]
    """The metrics and intervals of the model before a refit."""
    unknown: Mapping[str, Any]
    """What evaluation/unknown.json says of unknown answers."""
    reliability: Mapping[str, Any]
    """What evaluation/reliability.json says of calibration, curves, thresholds and sets."""
    history: list[dict[str, Any]]
    events: list[dict[str, Any]]
    results: Results
    examples: list[dict[str, Any]]
    splits: list[dict[str, str]]
    missing: list[str]

    @property
    def shows_examples(self) -> bool:
        """Return whether thumbnails, paths and group ids may appear; without a configuration they may not."""
        return bool(self.config) and (self.config.get("output") or {}).get("examples", True) is True

    @property
    def page(self) -> ResultPage:
        """Return the part of the page that shows results, by the kind of the labels."""
        return _find_page(self.plan, self.config)


def read(directory: Path) -> RunFiles:
    """Read a run directory, or raise ConfigError if it is none."""
    config = _read_json(directory, "config.json", {})
    manifest = _read_json(directory, "manifest.json", {})
    if not config and not manifest:
        raise ConfigError(
            f'{directory}: not a run directory, it holds neither "config.json" nor "manifest.json"; '
            "give a directory that `run` wrote (`runs DIR` lists them)"
        )
    plan = _read_json(directory, "plan.json", {})
    page = _find_page(plan, config)
    document = _read_json(directory, "metrics.json", {})
    labels = plan.get("labels") or {}
    names = labels.get("names") or (plan.get("data") or {}).get("classes") or ()
    return RunFiles(
        directory=directory,
        config=config,
        plan=plan,
        manifest=manifest,
        document=document,
        metrics=metrics_by_split(document),
        intervals=intervals_by_split(document),
        measured_examples=examples_by_split(document),
        folds=_read_json(directory, FOLDS, {}),
        first=_read_json(directory, FIRST, {}),
        unknown=_read_json(directory, "evaluation/unknown.json", {}),
        reliability=_read_json(directory, RELIABILITY, {}),
        before=_read_json(directory, BEFORE, {}),
        constant=_read_json(directory, "evaluation/constant.json", {}),
        history=[_parse_numbers(row) for row in _read_csv(directory, "history.csv")],
        events=_read_events(directory),
        results=Results(
            predictions=_select_columns(_read_csv(directory, "evaluation/predictions.csv"), page.columns),
            names=[str(name) for name in names],
            means=labels.get("mean") or (),
            thresholds=_read_json(directory, "model/thresholds.json", {}),
            confusion=_read_csv(directory, "evaluation/confusion.csv"),
            groups=_find_groups(document, _read_csv(directory, "splits.csv")),
            classes=metrics_by_class(document, SPLIT),
            boxes=_read_json(directory, BOXES, {}),
            samples=_read_json(directory, SAMPLES, []),
        ),
        examples=_read_json(directory, f"evaluation/{page.examples_file}.json", []),
        splits=_read_csv(directory, "splits.csv"),
        missing=[name for name in WRITTEN if not (directory / name).exists()],
    )


def _find_groups(document: Mapping[str, Any], splits: Sequence[Mapping[str, str]]) -> dict[str, str] | None:
    """Return the groups that splits.csv has, by input; None where the metrics are of examples without groups."""
    if not groups_by_split(document):
        return None
    return {row["input"]: row["group"] for row in splits if row.get("group")}


def _find_page(plan: Mapping[str, Any], config: Mapping[str, Any]) -> ResultPage:
    """Return the page for the labels that the plan names; where the plan is lost, for those of the task."""
    kind = str((plan.get("labels") or {}).get("kind"))
    if kind not in PAGES:
        task = config.get("task") or {}
        kind = (find_facts(task) or facts({**task, "kind": _ANY_TASK})).labels
    return PAGES[kind]


def _select_columns(rows: list[dict[str, str]], beginnings: tuple[str, ...]) -> list[dict[str, str]]:
    return [
        {name: text for name, text in row.items() if name in _COLUMNS or (beginnings and name.startswith(beginnings))}
        for row in rows
    ]


def build_frame(history: list[dict[str, Any]]) -> DataFrame:
    """Return history rows as a pandas frame."""
    from pandas import DataFrame

    return DataFrame(history)


def _read_json(directory: Path, name: str, absent: Any) -> Any:
    path = directory / name
    if not path.exists():
        return absent
    try:
        # NaN, the loss after divergence, is not valid JSON for readers of `report --json`; it becomes null.
        return json.loads(path.read_text(encoding="utf-8"), parse_constant=lambda _: None)
    except ValueError as problem:
        raise DataError(
            f"{path}: the file is damaged, it is not valid JSON ({problem}); "
            f"`run CONFIG --run-dir {directory}` goes on from what is intact"
        ) from None


def _read_csv(directory: Path, name: str) -> list[dict[str, str]]:
    path = directory / name
    if not path.exists():
        return []
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))


def _read_events(directory: Path) -> list[dict[str, Any]]:
    """Return the events of a run; a killed process may leave part of a line, which is no event."""
    path = directory / "events.jsonl"
    found = []
    for line in path.read_bytes().decode("utf-8", "replace").splitlines() if path.exists() else ():
        with contextlib.suppress(ValueError):
            event = json.loads(line, parse_constant=lambda _: None)
            if isinstance(event, dict):
                found.append(event)
    return found


def _parse_numbers(row: Mapping[str, str]) -> dict[str, Any]:
    """Return a row of the history as numbers; an empty cell, of a metric that was not measured, becomes NaN."""
    return {key: value if key == "phase" else float(value or "nan") for key, value in row.items()}
