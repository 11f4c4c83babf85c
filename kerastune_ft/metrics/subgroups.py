"""Metrics of parts of the examples, and how each part differs from all the others."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from kerastune_ft.metrics.intervals.base import Sample, average, find_intervals, find_quantiles
from kerastune_ft.metrics.intervals.draws import count_groups, count_resamples, draw_counts

FEW_EXAMPLES, FEW_GROUPS = 30, 10
"""Parts with fewer are marked: their intervals are wide, and may be wider still than they look."""
MOST_SUBGROUPS = 40
_RANGES = 4
_LEAST_DRAWN, _LEAST_GROUPS_DRAWN = 10, 5
# Numbers of more different values than this are told apart by ranges.
_MOST_NUMBERS = 12
EMPTY = "(empty)"
# Examples times classes times subgroups beyond which differences of metrics that rank would take minutes.
_MOST_RANKED = 3_000_000

Take = Callable[[np.ndarray], tuple[Mapping[str, float], Sample]]
"""Returns the metrics of some examples, by their places, and the same examples as intervals need them."""


def name_subgroups(cells: Sequence[str]) -> list[str]:
    """Return the subgroup of every example by the texts of a column: the text, or of numbers one of four ranges.

    Numbers are told apart by ranges where more than 12 different ones occur; each range has about as many examples.
    Raises ValueError where there are more than 40 subgroups.
    """
    values = [cell.strip() for cell in cells]
    numbers = {value: number for value in {*values} if value and (number := _read_number(value)) is not None}
    if len(numbers) > _MOST_NUMBERS and all(value in numbers for value in values if value):
        return _name_ranges(values, numbers)
    found = [value or EMPTY for value in values]
    if (count := len(set(found))) > MOST_SUBGROUPS:
        raise ValueError(
            f"it has {count:,} different values, and each would be a subgroup; {MOST_SUBGROUPS} are the most"
        )
    return found


def _read_number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _name_ranges(values: Sequence[str], numbers: Mapping[str, float]) -> list[str]:
    known = np.sort([numbers[value] for value in values if value])
    # A number that most examples have is a range by itself.
    above = known[np.searchsorted(known, known[0], side="right")]
    edges = sorted({max(known[len(known) * part // _RANGES], above) for part in range(1, _RANGES)})
    bounds = [known[0], *edges]
    names = []
    for place, low in enumerate(bounds):
        inside = known[(known >= low) & (known < bounds[place + 1])] if place + 1 < len(bounds) else known[known >= low]
        # With all their digits, or two ranges of dates such as 20240115 had one name and were one subgroup.
        first, last = (f"{end:.15g}" for end in (inside[0], inside[-1]))
        names.append(first if first == last else f"{first} to {last}")
    return [
        names[int(np.searchsorted(bounds, numbers[value], side="right")) - 1] if value else EMPTY for value in values
    ]


def part_by_text(labels: Sequence[str]) -> dict[str, np.ndarray]:
    """Return by subgroup, as they sort, which examples are in it, bool [examples]; every example is in one."""
    names = np.asarray(labels, object)
    return {name: names == name for name in sorted(set(labels))}


def compare_subgroups(
    parts: Mapping[str, np.ndarray], take: Take, groups: Sequence[str] | None = None
) -> list[dict[str, Any]]:
    """Return by subgroup its metrics with intervals and counts, and the difference to all other examples.

    `parts` has for each which examples are in it. For the interval of a difference examples are drawn with replacement,
    or whole groups, and both parts measured of each draw: the 2.5 % and 97.5 % quantiles of what they differ by. None
    is there where nothing can be said, and resampling says nothing of fewer than 10 examples, or of 5 groups. Subgroups
    without an example are left out.
    """
    known = {name: inside for name, inside in parts.items() if inside.any()}
    return [_describe(name, inside, take, groups, len(known)) for name, inside in known.items()]


def _describe(name: str, inside: np.ndarray, take: Take, groups: Sequence[str] | None, parts: int) -> dict[str, Any]:
    rows, others = np.flatnonzero(inside), np.flatnonzero(~inside)
    metrics, sample = take(rows)
    own, beside = _take_groups(groups, rows), _take_groups(groups, others)
    ends, count = find_intervals(sample, own), count_groups(own, len(rows))
    can_draw = _can_draw(rows, own)
    found: dict[str, Any] = {
        "subgroup": name,
        "examples": len(rows),
        "groups": count,
        "few": len(rows) < FEW_EXAMPLES or (count is not None and count < FEW_GROUPS),
        "metrics": dict(metrics),
        "intervals": {
            metric: ends[metric]
            for metric, value in metrics.items()
            if metric in ends and not math.isnan(value) and (can_draw or metric in sample.proportions)
        },
        "differences": {},
    }
    if len(others):
        rest, other = take(others)
        sides = (rows, sample), (others, other)
        drawn = _draw_differences(*sides, groups, parts) if can_draw and _can_draw(others, beside) else {}
        for metric, value in metrics.items():
            difference = value - rest[metric]
            if not math.isnan(difference):
                interval = find_quantiles(drawn[metric]) if metric in drawn else None
                found["differences"][metric] = {"value": difference, "interval": interval}
    return found


def _take_groups(groups: Sequence[str] | None, rows: np.ndarray) -> list[str] | None:
    return None if groups is None else [groups[row] for row in rows]


def _can_draw(rows: np.ndarray, groups: Sequence[str] | None) -> bool:
    """Return whether there are enough examples, and groups of them, for draws that differ as new ones would."""
    return len(rows) >= _LEAST_DRAWN and (groups is None or len(set(groups)) >= _LEAST_GROUPS_DRAWN)


def _draw_differences(
    inside: tuple[np.ndarray, Sample], outside: tuple[np.ndarray, Sample], groups: Sequence[str] | None, parts: int
) -> dict[str, np.ndarray]:
    """Return by metric how much more the first part has, in every draw of all examples."""
    examples = len(inside[0]) + len(outside[0])
    grouped = None if count_groups(groups, examples) is None else groups
    classes = max(inside[1].ranked_classes, 1)
    ranks = examples * classes * parts <= _MOST_RANKED
    found: dict[str, list[np.ndarray]] = {}
    for counts in draw_counts(examples, grouped, count_resamples(examples, parts * (classes if ranks else 1))):
        first, other = (dict(_compute(sample, counts[rows], ranks)) for rows, sample in (inside, outside))
        for name in first:
            found.setdefault(name, []).append(first[name] - other[name])
    return {name: np.concatenate(values) for name, values in found.items()}


def _compute(sample: Sample, counts: np.ndarray, ranks: bool) -> Iterator[tuple[str, np.ndarray]]:
    for name, values in {**sample.means, **sample.proportions}.items():
        yield name, average(values, counts)
    yield from sample.compute(counts).items()
    if ranks and sample.rank is not None and sample.can_rank:
        yield from sample.rank(counts).items()
