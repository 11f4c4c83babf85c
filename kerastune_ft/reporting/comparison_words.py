"""What a comparison of runs says in words: short names, values of settings, ends of intervals, tests."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from kerastune_ft.metrics.document import OUT_OF_FOLD
from kerastune_ft.reporting.quantities import ABSENT, format_change, format_words, is_number

SPLITS = ("test", OUT_OF_FOLD, "validation")
"""What runs are compared on, the most telling first."""
_LARGE = 100


def name_runs(document: Mapping[str, Any]) -> dict[str, str]:
    """Return a name for each run: the last part of its path, or the whole path where two have the same last part."""
    paths = [run["run"] for run in document["runs"]]
    ends = [PurePath(path).name or path for path in paths]
    return {path: end if ends.count(end) == 1 else path for path, end in zip(paths, ends, strict=True)}


def write_value(values: Mapping[str, Any], run: str) -> str:
    """Return the value that a run has of a setting, as JSON; a dash where its configuration has no such key."""
    return json.dumps(values[run], ensure_ascii=False) if run in values else ABSENT


def write_difference(value: Any) -> str:
    """Return a signed difference of a metric, with four decimals where it is not large."""
    if not is_number(value) or abs(value) >= _LARGE:
        return format_change(value)
    text = f"{abs(value):.4f}"
    return ("±" if not float(text) else "+" if value > 0 else "−") + text  # noqa: RUF001  a true minus aligns with plus


def write_ends(ends: Sequence[float] | None) -> str:
    """Return the two ends of an interval of a difference, signed."""
    return ABSENT if ends is None else f"{write_difference(ends[0])} to {write_difference(ends[1])}"


def format_p(value: float) -> str:
    """Return a p-value with two significant digits: `0.38`; a tiny one as `< 0.001`."""
    return "< 0.001" if value < 0.001 else f"{value:.2g}"


def list_fold_rows(document: Mapping[str, Any], names: Mapping[str, str]) -> list[dict[str, str]]:
    """Return a row for each metric and each cross-validation of the same folds as the first run."""
    several = len(document["folds"]) > 1
    return [
        {
            "metric": format_words(metric),
            "run": names[run],
            "difference": write_difference(found["difference"]),
            "95 %": write_ends(found["interval"]),
            "p": ABSENT if found["p"] is None else format_p(found["p"]),
            **({"p, Holm": ABSENT if found["p"] is None else format_p(found["p_adjusted"])} if several else {}),
        }
        for run, own in document["folds"].items()
        for metric, found in own["metrics"].items()
    ]


def describe_tests(document: Mapping[str, Any], names: Mapping[str, str]) -> list[str]:
    """Return a sentence for each of McNemar's tests: of every run on test, else on validation, and out of fold."""
    lines = []
    for run, splits in document["differences"].items():
        shown = [*splits][:1] + [OUT_OF_FOLD] * (OUT_OF_FOLD in [*splits][1:])
        lines += [_describe_test(document, names, run, split) for split in shown if splits[split]["mcnemar"]]
    return lines


def _describe_test(document: Mapping[str, Any], names: Mapping[str, str], run: str, split: str) -> str:
    test = document["differences"][run][split]["mcnemar"]
    runs = sum(bool(own.get(split, {}).get("mcnemar")) for own in document["differences"].values())
    adjusted = f", adjusted for {runs} runs {format_p(test['p_adjusted'])}" if runs > 1 else ""
    where = format_words(split) if split == OUT_OF_FOLD else f"on {split}"
    reference = names.get(document["reference"] or "", "")
    return (
        f"accuracy {where}, McNemar: {names[run]} alone is right on {test['only_other']:,}, {reference} alone on "
        f"{test['only_first']:,}; p {format_p(test['p'])}{adjusted}"
    )
