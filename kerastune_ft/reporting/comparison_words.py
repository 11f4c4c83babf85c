"""What a comparison of runs says in words: short names, values of settings, ends of intervals, tests."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from kerastune_ft.reporting.quantities import ABSENT, format_change, is_number

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


def describe_tests(document: Mapping[str, Any], names: Mapping[str, str]) -> list[str]:
    """Return a sentence for each of McNemar's tests on test, or on validation where there is no test split."""
    reference = names.get(document["reference"] or "", "")
    several = len(document["differences"]) > 1
    lines = []
    for run, splits in document["differences"].items():
        split = next(iter(splits), None)
        test = splits[split]["mcnemar"] if split else None
        if test:
            adjusted = f", adjusted for {len(document['differences'])} runs {format_p(test['p_adjusted'])}"
            lines.append(
                f"accuracy on {split}, McNemar: {names[run]} alone is right on {test['only_other']:,}, {reference} "
                f"alone on {test['only_first']:,}; p {format_p(test['p'])}{adjusted if several else ''}"
            )
    return lines
