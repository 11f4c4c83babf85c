"""Verification of a run's figures: histories, predictions and metrics, computed again from each other."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from kerastune_ft.config.options.task_facts import find_facts
from kerastune_ft.errors import DataError
from kerastune_ft.metrics.document import (
    CLASSES,
    INTERVALS,
    OUT_OF_FOLD,
    REFIT,
    intervals_by_split,
    metrics_by_class,
    metrics_by_split,
)
from kerastune_ft.metrics.intervals.base import find_intervals, measure
from kerastune_ft.training.left_weights import left_metrics
from kerastune_ft.training.phase.state import is_better
from kerastune_ft.verification.results.base import PREDICTIONS, ResultCheck, Table
from kerastune_ft.verification.results.checks import CHECKS
from kerastune_ft.verification.run_record import Findings, PhaseRecord, RunRecord
from kerastune_ft.wording import counted

_HISTORY, _METRICS, _SPLITS = "history.csv", "metrics.json", "splits.csv"
_REWRITTEN = "the same command writes it again"
# How far a loss may be from what another compiled program measured, perhaps on another number of replicas, and from
# what was measured in half precision, which has two to three digits.
_TOLERANCE_OF_ANOTHER_PROGRAM = 1e-4
_TOLERANCE_OF_HALF_PRECISION = 5e-2
# The ends of an interval are written with six digits.
_TOLERANCE_OF_INTERVALS = 1e-5
Rows = list[dict[str, str]]


def check_history(record: RunRecord, findings: Findings) -> str | None:
    """Check that history.csv is the phases' histories, and that these have the epochs their results name."""
    count = _check_joined_history(record, findings, record.phases, _HISTORY)
    if record.refit:
        count += _check_joined_history(record, findings, record.refit, f"{REFIT}/{_HISTORY}")
    return (
        f"{counted(count, 'epoch')}, the same in the history of the run and in those of its phases" if count else None
    )


def _check_joined_history(record: RunRecord, findings: Findings, phases: Sequence[PhaseRecord], name: str) -> int:
    """Check that a history is those of its phases one after another; return the number of its epochs."""
    joined: Rows = []
    for phase in phases:
        rows = record.read_table(f"{phase.folder}/{_HISTORY}")
        joined += rows
        _check_phase_history(record, phase, rows, findings)
    whole = record.read_table(name)
    if whole != joined:
        pairs = enumerate(zip(whole, joined, strict=False))
        wrong = next((number for number, (one, other) in pairs if one != other), min(len(whole), len(joined)))
        message = f"row {wrong + 1} is not that of the phases' own histories"
        if record.is_done:
            findings.fail(name, message)
        else:
            findings.warn(name, message, _REWRITTEN)
    return len(joined)


def _check_phase_history(record: RunRecord, phase: PhaseRecord, rows: Rows, findings: Findings) -> None:
    if phase.result is None:
        return
    name = f"{phase.folder}/{_HISTORY}"
    if [int(row["epoch"]) for row in rows] != list(range(1, phase.result["epochs"] + 1)):
        findings.fail(name, f"its epochs are not 1 to {phase.result['epochs']}, as result.json says")
        return
    best = rows[phase.result["best_epoch"] - 1]
    for metric, value in phase.result["best"].items():
        if not _is_cell_of(best[metric], value):
            message = f"{metric} of the best epoch, {best['epoch']}, is {best[metric]}, and {value} in result.json"
            findings.fail(name, message)
    if "kept" in phase.result and not phase.result.get(REFIT) and (wrong := _find_wrong_verdict(record, phase.result)):
        findings.fail(f"{phase.folder}/result.json", wrong)


def _find_wrong_verdict(record: RunRecord, result: Mapping[str, Any]) -> str | None:
    """Return what is wrong with keeping, or discarding, the weights of a phase by what it measured."""
    monitor = result["monitor"]
    facts = find_facts(record.config["task"])
    if facts is None:
        return None
    name = monitor.removeprefix("validation_")
    own = _list_own_metrics(record).get(name)
    maximise = (facts.metrics[name].direction if own is None else own["direction"]) == "max"
    best, start = result["best"][monitor], result["start"]["metrics"][monitor]
    if is_better(best, start, maximise) == result["kept"]:
        return None
    verb = "kept" if result["kept"] else "discarded"
    return f"its weights were {verb}, and its {monitor} was {best} at best and {start} at the start"


def _list_own_metrics(record: RunRecord) -> Mapping[str, Any]:
    """Return what is recorded of the metrics that a run was given in Python, by name."""
    found: Mapping[str, Any] = (record.config.get("python") or {}).get("metrics", {})
    return found


def _is_cell_of(text: str, value: Any) -> bool:
    """Return whether a cell holds a number; a number that is not finite is an empty cell and null."""
    return (not text and value is None) or (bool(text) and value is not None and float(text) == value)


def check_predictions(record: RunRecord, findings: Findings) -> str | None:
    """Check that every example of the splits has its row, and that the cells of a row follow from each other."""
    if not record.is_done:
        return None
    check = find_check(record)
    rows = read_results(record)
    if not rows:
        return None
    expected = {split: [row["input"] for row in rows] for split, rows in _read_splits(record, _SPLITS).items()}
    # Each example that trained some member of an ensemble was predicted by others.
    expected[OUT_OF_FOLD] = expected.get("train", [])
    for split, size in record.plan["data"]["sizes"].items():
        if len(expected.get(split, ())) != size:
            message = f"it has {len(expected.get(split, ()))} examples of {split}, and plan.json {size}"
            findings.fail(_SPLITS, message)
    for table in dict.fromkeys((PREDICTIONS, check.table)):
        _check_examples(record, findings, table, expected)
    if _list_examples(rows) != _list_examples(record.read_table(PREDICTIONS)):
        findings.fail(check.table, f"its rows are not the examples of {PREDICTIONS} in their order")
    for number, message in check.find_faults(make_table(record, rows)):
        findings.fail(f"{check.table}, line {number + 2}", message)
    return f"{counted(len(rows), 'prediction')}, one for each example, and each follows from its numbers"


def _check_examples(record: RunRecord, findings: Findings, table: str, expected: Mapping[str, Sequence[str]]) -> None:
    """Check that a table has the examples of splits.csv; without their names, as many."""
    is_named = (record.config.get("output") or {}).get("examples", True)
    for split, rows in _read_splits(record, table).items():
        names = [row["input"] for row in rows]
        known = expected.get(split, ())
        if len(names) != len(known) or (is_named and sorted(names) != sorted(known)):
            findings.fail(table, f"its examples of {split} are not those of {_SPLITS}")


def make_table(record: RunRecord, rows: Rows) -> Table:
    """Return rows of the table that metrics follow from, with what the run says of them."""
    positive = (record.config.get("task") or {}).get("positive")
    return Table(rows, record.plan["labels"], positive, record.run.rules, _read_thresholds(record))


def find_check(record: RunRecord) -> ResultCheck:
    """Return what computes the results of a run's kind of labels."""
    return CHECKS[record.plan["labels"]["kind"]]


def _read_splits(record: RunRecord, name: str) -> dict[str, Rows]:
    """Return the rows of a table by split."""
    return group_by_split(record.read_table(name))


def group_by_split(rows: Rows) -> dict[str, Rows]:
    """Return the rows of a table by the split in their cells."""
    parts: dict[str, Rows] = {}
    for row in rows:
        parts.setdefault(row["split"], []).append(row)
    return parts


def read_results(record: RunRecord) -> Rows:
    """Return the rows of the table that metrics follow from, with the columns of predictions.csv.

    Both have the same examples in the same order; where they do not, which is a finding, only those of the table.
    """
    check = find_check(record)
    rows, predictions = record.read_table(check.table), record.read_table(PREDICTIONS)
    if check.table != PREDICTIONS and _list_examples(rows) == _list_examples(predictions):
        rows = [{**prediction, **row} for prediction, row in zip(predictions, rows, strict=True)]
    return _join_parts(rows, {PurePath(name).stem: record.read_table(name) for name in check.parts})


def _join_parts(rows: Rows, parts: Mapping[str, Rows]) -> Rows:
    """Return the rows, each with its parts as JSON in a cell of their own."""
    if not parts:
        return rows
    found: list[dict[str, Rows]] = [{name: [] for name in parts} for _ in rows]
    places: dict[str, list[int]] = {}
    for place, row in enumerate(rows):
        places.setdefault(row["split"], []).append(place)
    for name, own in parts.items():
        for part in own:
            known = places.get(part["split"], [])
            number = int(part["number"])
            if not 0 < number <= len(known):
                raise DataError(
                    f"{name}.csv has a row of example {number} of {part['split']}, which has {len(known)}; the file is "
                    "damaged: restore it, or evaluate the run again"
                )
            found[known[number - 1]][name].append(part)
    return [
        {**row, **{name: json.dumps(own) for name, own in each.items()}} for row, each in zip(rows, found, strict=True)
    ]


def _list_examples(rows: Rows) -> list[tuple[str, str]]:
    return [(row["split"], row["input"]) for row in rows]


def _read_thresholds(record: RunRecord) -> Mapping[str, float]:
    name = "model/thresholds.json"
    return record.run.read_json(name) if record.run.exists(name) else {}


def check_metrics(record: RunRecord, findings: Findings) -> str | None:
    """Check that metrics.json is what the table of predictions gives, and what the last phase measured."""
    if not record.is_done or not record.run.exists(_METRICS):
        return None
    document = record.run.read_json(_METRICS)
    written, check = metrics_by_split(document), find_check(record)
    parts = group_by_split(read_results(record))
    if set(parts) != set(written):
        message = f"its splits are {', '.join(written)}, those of {check.table} {', '.join(parts)}"
        findings.fail(_METRICS, message)
    count = 0
    for split in parts:
        if split in written:
            for place, value, computed, tolerance in _compare(record, document, split, parts[split]):
                count += 1
                if not _is_close(value, computed, tolerance):
                    findings.fail(f"{_METRICS}, {place}", f"it is {value}, and {computed} by {check.table}")
    _check_against_last_phase(record, findings, written)
    return f"{counted(count, 'metric')}, the same as the predictions give"


def _compare(
    record: RunRecord, document: Mapping[str, Any], split: str, rows: Rows
) -> Iterator[tuple[str, Any, float, float]]:
    """Yield place, written value, computed value and tolerance of every figure of a split that can be computed."""
    check, table = find_check(record), make_table(record, rows)
    written = metrics_by_split(document)[split]
    computed = check.score(table)
    if chosen := record.config["task"].get("metrics"):
        computed |= measure(check.sample(table, chosen))
    for metric, value in computed.items():
        yield f"{split}.{metric}", written.get(metric), value, check.tolerance(table.labels, metric)
    yield from _compare_intervals(record, document, split, table)
    by_class = metrics_by_class(document, split)
    for name, scores in check.score_classes(table).items():
        for metric, value in scores.items():
            # metrics.json has some of the figures by class.
            if metric in by_class.get(name, {}):
                place = f"{CLASSES}.{split}.{name}.{metric}"
                yield place, by_class[name][metric], value, check.tolerance(table.labels, metric)


def _compare_intervals(
    record: RunRecord, document: Mapping[str, Any], split: str, table: Table
) -> Iterator[tuple[str, Any, float, float]]:
    """Yield what `_compare` does of both ends of every interval of a split that can be computed again.

    Runs from before have no intervals.
    """
    written = intervals_by_split(document).get(split)
    if not written:
        return
    check = find_check(record)
    # Metrics that were functions of Python cannot be computed again.
    own = _list_own_metrics(record)
    sample = check.sample(table, [name for name in written if name not in own])
    recorded = _read_splits(record, _SPLITS).get(split, [])
    # Both tables have the examples of a split in the same order.
    groups = [row["group"] for row in recorded] if all("group" in row for row in recorded) else None
    if groups is not None and len(groups) != len(table.rows):
        return
    computed = find_intervals(sample, groups)
    for metric in (name for name in written if name in computed):
        tolerance = max(check.tolerance(table.labels, metric), _TOLERANCE_OF_INTERVALS)
        for end, value, again in zip(("low", "high"), written[metric], computed[metric], strict=True):
            yield f"{INTERVALS}.{split}.{metric}, {end}", value, again, tolerance


def _check_against_last_phase(record: RunRecord, findings: Findings, metrics: Mapping[str, Mapping[str, Any]]) -> None:
    last: Sequence[PhaseRecord] = record.finished_phases[-1:]
    measured = left_metrics(last[0].result or {}).get("validation_loss") if last else None
    loss = metrics.get("validation", {}).get("loss")
    devices = (record.run.manifest() or {}).get("devices") or {}
    tolerance = _TOLERANCE_OF_ANOTHER_PROGRAM
    if devices.get("precision", "float32") != "float32":
        # Validation computes in half precision, the final evaluation in float32.
        tolerance = _TOLERANCE_OF_HALF_PRECISION
    if measured is not None and not _is_close(loss, measured, tolerance):
        message = f"it is {loss}, and the last phase measured {measured} of the weights it left"
        findings.fail(f"{_METRICS}, validation.loss", message)


def _is_close(written: Any, computed: float, tolerance: float) -> bool:
    if written is None or not math.isfinite(computed):
        return written is None and not math.isfinite(computed)
    return math.isclose(written, computed, rel_tol=tolerance, abs_tol=tolerance)
