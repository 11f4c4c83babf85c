"""How two cross-validations of the same division differ fold by fold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kerastune_ft.comparison.runs import ComparedRun
from kerastune_ft.metrics.paired_tests import adjust_by_holm, compare_on_folds

_ROWS = "out_of_fold.csv"


def compare_folds(first: ComparedRun, others: Sequence[ComparedRun]) -> dict[str, dict[str, Any]]:
    """Return by run how the figures of its folds differ from those of the first run on the same folds.

    By metric it has `difference`, the mean over the folds, its `interval` of 95 % and `p` by the corrected resampled
    t-test, and `p_adjusted` for the number of runs. Runs that are no cross-validation of the same data in the same
    folds are left out.
    """
    same = [run for run in others if _have_same_folds(first, run)]
    found = {run.name: _compare(first, run) for run in same}
    for metric in {name for own in found.values() for name in own["metrics"]}:
        tests = [
            own["metrics"][metric] for own in found.values() if own["metrics"].get(metric, {}).get("p") is not None
        ]
        for test, adjusted in zip(tests, adjust_by_holm([test["p"] for test in tests]), strict=True):
            test["p_adjusted"] = adjusted
    return found


def _have_same_folds(first: ComparedRun, other: ComparedRun) -> bool:
    if not (first.folds and other.folds) or first.fingerprint != other.fingerprint:
        return False
    return first.division == other.division and _read_places(first) == _read_places(other)


def _read_places(run: ComparedRun) -> list[tuple[str, str, str]]:
    """Return input, seed and fold of every row that was predicted out of fold."""
    return sorted((row["input"], row["seed"], row["fold"]) for row in run.record.read_table(_ROWS))


def _compare(first: ComparedRun, other: ComparedRun) -> dict[str, Any]:
    members = [run.folds["members"] for run in (first, other)]
    trained, validated = (float(np.mean([each[key] for each in members[0]])) for key in ("trained", "validated"))
    metrics = {}
    for name in members[0][0]["metrics"]:
        pairs = [(one["metrics"].get(name), two["metrics"].get(name)) for one, two in zip(*members, strict=True)]
        if any(value is None for pair in pairs for value in pair):
            continue
        test = compare_on_folds([two - one for one, two in pairs], validated, trained)
        ends = None if test.interval is None else list(test.interval)
        metrics[name] = {"difference": test.difference, "interval": ends, "p": test.p, "p_adjusted": test.p}
    return {"folds": len(members[0]), "metrics": metrics}
