"""Verification of a run's figures: histories, predictions and metrics, computed again from each other."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from typing import Any

from kerastune_ft.verification import recomputed
from kerastune_ft.verification.run_record import Claims, Findings

_HISTORY, _PREDICTIONS, _METRICS = "history.csv", "evaluation/predictions.csv", "metrics.json"
_REWRITTEN = "the same command writes it anew"
Rows = list[dict[str, str]]


def _rows(claims: Claims, name: str) -> Rows:
    text = claims.run.read_bytes(name).decode() if claims.run.exists(name) else ""
    return list(csv.DictReader(io.StringIO(text, newline="")))


def history(claims: Claims, findings: Findings) -> str | None:
    """Check that history.csv is the phases' histories, and that these have the epochs their results tell."""
    together: Rows = []
    for phase in claims.phases:
        name = f"{phase.folder}/{_HISTORY}"
        rows = _rows(claims, name)
        together += rows
        if phase.result is None:
            continue
        if [int(row["epoch"]) for row in rows] != list(range(1, phase.result["epochs"] + 1)):
            findings.broken(name, f"its epochs are not 1 to {phase.result['epochs']}, as result.json tells")
            continue
        best = rows[phase.result["best_epoch"] - 1]
        for metric, value in phase.result["best"].items():
            if not _same(best[metric], value):
                findings.broken(
                    name,
                    f"{metric} of the best epoch, {best['epoch']}, is {best[metric]}, and {value} in result.json",
                )
    whole = _rows(claims, _HISTORY)
    if whole != together:
        wrong = next(
            (n for n, (a, b) in enumerate(zip(whole, together, strict=False)) if a != b), min(len(whole), len(together))
        )
        message = f"row {wrong + 1} is not that of the phases' own histories"
        if claims.is_done:
            findings.broken(_HISTORY, message)
        else:
            findings.warning(_HISTORY, message, _REWRITTEN)
    return f"{len(whole)} epochs are told alike by the run and its phases" if together else None


def _same(text: str, value: Any) -> bool:
    """Return whether a cell holds a number; what is not finite is an empty cell and null."""
    return (not text and value is None) or (bool(text) and value is not None and float(text) == value)


def predictions(claims: Claims, findings: Findings) -> str | None:
    """Check that there is a prediction for every example of the splits, and that its columns follow from each other."""
    rows = _rows(claims, _PREDICTIONS)
    if not rows or not claims.is_done:
        return None
    expected: dict[str, list[str]] = {}
    for row in _rows(claims, "splits.csv"):
        expected.setdefault(row["split"], []).append(row["input"])
    sizes = claims.plan["data"]["sizes"]
    for split, size in sizes.items():
        if len(expected.get(split, ())) != size:
            findings.broken(
                "splits.csv", f"it has {len(expected.get(split, ()))} examples of {split}, and plan.json {size}"
            )
    shown = (claims.config.get("output") or {}).get("examples", True)
    for split, part in _by_split(rows).items():
        names = [row["input"] for row in part]
        if len(names) != len(expected.get(split, ())) or (shown and sorted(names) != sorted(expected[split])):
            findings.broken(_PREDICTIONS, f"its examples of {split} are not those of splits.csv")
    for number, message in recomputed.inconsistent(rows, claims.plan["labels"], _thresholds(claims)):
        findings.broken(f"{_PREDICTIONS}, line {number + 2}", message)
    return f"{len(rows)} predictions are one for each example, and each follows from its numbers"


def _by_split(rows: Rows) -> dict[str, Rows]:
    parts: dict[str, Rows] = {}
    for row in rows:
        parts.setdefault(row["split"], []).append(row)
    return parts


def _thresholds(claims: Claims) -> Mapping[str, float]:
    name = "model/thresholds.json"
    return claims.run.read_json(name) if claims.run.exists(name) else {}


def metrics(claims: Claims, findings: Findings) -> str | None:
    """Check that metrics.json is what scikit-learn computes from predictions.csv, and what the last phase measured."""
    if not claims.is_done or not claims.run.exists(_METRICS):
        return None
    told, count = claims.run.read_json(_METRICS), 0
    positive = claims.config["task"].get("positive")
    parts = _by_split(_rows(claims, _PREDICTIONS))
    if set(parts) != set(told):
        findings.broken(_METRICS, f"its splits are {', '.join(told)}, those of {_PREDICTIONS} {', '.join(parts)}")
    for split in told.keys() & parts.keys():
        computed = recomputed.metrics(parts[split], claims.plan["labels"], positive)
        for metric, value in computed.items():
            if not _close(told[split][metric], value, recomputed.tolerance(claims.plan["labels"], metric)):
                findings.broken(
                    f"{_METRICS}, {split}.{metric}", f"it is {told[split][metric]}, and {value} by {_PREDICTIONS}"
                )
        count += len(computed)
    _as_measured(claims, findings, told)
    return f"{count} metrics are what the predictions give"


def _as_measured(claims: Claims, findings: Findings, told: Mapping[str, Mapping[str, Any]]) -> None:
    last: Sequence[Any] = claims.finished[-1:]
    measured = (last[0].result or {}).get("best", {}).get("validation_loss") if last else None
    loss = told.get("validation", {}).get("loss")
    devices = (claims.run.manifest() or {}).get("devices") or {}
    tolerance = recomputed.TOLERANCE_OF_ANOTHER_RUN
    if devices.get("precision", "float32") != "float32":
        # Validation computed in half precision, the final evaluation in float32.
        tolerance = recomputed.TOLERANCE_OF_HALF
    if measured is not None and not _close(loss, measured, tolerance):
        findings.broken(
            f"{_METRICS}, validation.loss", f"it is {loss}, and the last phase measured {measured} in its best epoch"
        )


def _close(told: Any, computed: float, tolerance: float) -> bool:
    if told is None or not math.isfinite(computed):
        return told is None and not math.isfinite(computed)
    return math.isclose(told, computed, rel_tol=tolerance, abs_tol=tolerance)
