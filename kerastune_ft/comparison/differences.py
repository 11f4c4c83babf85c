"""How the metrics of two runs differ on the examples that both were measured on, and whether by more than chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kerastune_ft.comparison.match_examples import CommonExamples, explain_nothing_common, match_examples, select
from kerastune_ft.comparison.runs import ComparedRun
from kerastune_ft.metrics.document import OUT_OF_FOLD
from kerastune_ft.metrics.intervals.base import Sample
from kerastune_ft.metrics.intervals.paired import Difference, find_differences
from kerastune_ft.metrics.paired_tests import adjust_by_holm, compare_hits
from kerastune_ft.reporting.metric_names import find_gain
from kerastune_ft.verification.metrics import find_check, make_table

_SPLITS = ("test", OUT_OF_FOLD, "validation")
# The share of hits that McNemar's test is of.
_ACCURACY = "accuracy"


def compare_with_first(first: ComparedRun, others: Sequence[ComparedRun]) -> dict[str, dict[str, Any]]:
    """Return by the name of each measured run, then by split, how its metrics differ from those of the first.

    Raises DataError where a run has no example of test (without one: of validation) in common with the first.
    """
    found = {run.name: _compare(first, run) for run in others}
    for split in _SPLITS:
        tests = [own[split]["mcnemar"] for own in found.values() if split in own and own[split]["mcnemar"]]
        for test, adjusted in zip(tests, adjust_by_holm([test["p"] for test in tests]), strict=True):
            test["p_adjusted"] = adjusted
    return found


def _compare(first: ComparedRun, other: ComparedRun) -> dict[str, Any]:
    shared = [split for split in _SPLITS if split in first.results and split in other.results]
    found: dict[str, Any] = {}
    for number, split in enumerate(shared):
        common = match_examples(first, other, split)
        if not len(common):
            if not number:
                raise explain_nothing_common(first, other, split)
            continue
        found[split] = _compare_split(first, other, split, common)
    return found


def _compare_split(first: ComparedRun, other: ComparedRun, split: str, common: CommonExamples) -> dict[str, Any]:
    measured = [run.summary["metrics"][split] for run in (first, other)]
    names = [name for name in measured[0] if name in measured[1]]
    samples = [
        _make_sample(run, split, places, names) for run, places in zip((first, other), common.places, strict=True)
    ]
    differences = find_differences(samples[0], samples[1], common.groups)
    return {
        "examples": len(common),
        "of": list(common.sizes),
        "groups": None if common.groups is None else len(set(common.groups)),
        "same_data": common.is_sure,
        "metrics": {name: _describe(name, differences[name]) for name in names if name in differences},
        "mcnemar": _test_hits(samples, common),
    }


def _make_sample(run: ComparedRun, split: str, places: Sequence[int], names: Sequence[str]) -> Sample:
    table = make_table(run.record, select(run.results[split], places))
    return find_check(run.record).sample(table, names)


def _describe(name: str, difference: Difference) -> dict[str, Any]:
    ends = difference.interval
    verdict = "unclear"
    if ends is not None and (ends[0] > 0 or ends[1] < 0):
        verdict = "better" if find_gain(name, difference.other, difference.first) > 0 else "worse"
    return {
        "first": difference.first,
        "other": difference.other,
        "difference": difference.value,
        "interval": None if ends is None else list(ends),
        "verdict": verdict,
    }


def _test_hits(samples: Sequence[Sample], common: CommonExamples) -> Mapping[str, Any] | None:
    """Return McNemar's test of accuracy; None where examples are grouped or accuracy is no share of examples."""
    hits = [sample.proportions.get(_ACCURACY) for sample in samples]
    if hits[0] is None or hits[1] is None:
        return None
    if common.groups is not None and len(set(common.groups)) < len(common):
        return None
    test = compare_hits(hits[0], hits[1])
    return {"only_first": test.only_first, "only_other": test.only_other, "p": test.p, "p_adjusted": test.p}
