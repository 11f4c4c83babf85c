"""Intervals of 95 % for the difference of two models on the same examples, by resampling the examples of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from kerastune_ft.metrics.intervals.base import Sample, find_quantiles, measure, resample
from kerastune_ft.metrics.intervals.wilson import Interval


class Difference(NamedTuple):
    """A metric of two models on the same examples."""

    first: float
    other: float
    interval: Interval | None
    """Of `other - first`; None where nothing can be said."""

    @property
    def value(self) -> float:
        """Return by how much the other one is larger."""
        return self.other - self.first


def find_differences(first: Sample, other: Sample, groups: Sequence[str] | None = None) -> dict[str, Difference]:
    """Return by metric how two models differ on the same examples, which both samples have in the same order.

    The interval is that of the paired bootstrap (Efron and Tibshirani, An Introduction to the Bootstrap, 1993): the
    same examples are drawn with replacement for both, and the 2.5 % and 97.5 % quantiles of the differences taken. How
    hard the drawn examples are for both then cancels out. With `groups`, one for each example, whole groups are drawn.
    None is the interval of a metric that is undefined in half of the resamples, or whose difference is the same in all
    and not 0.
    """
    if first.examples != other.examples:
        raise ValueError(f"{first.examples} and {other.examples} examples are no pairs")
    if groups is not None and len(set(groups)) == first.examples:
        groups = None
    values = [measure(sample) for sample in (first, other)]
    drawn = [resample(sample, groups, with_shares=True) for sample in (first, other)]
    return {
        name: Difference(value, values[1][name], _find_interval(drawn, name))
        for name, value in values[0].items()
        if name in values[1]
    }


def _find_interval(drawn: Sequence[Mapping[str, np.ndarray]], name: str) -> Interval | None:
    if any(name not in each for each in drawn):
        # Too many examples times classes to rank them a thousand times.
        return None
    resamples = min(len(each[name]) for each in drawn)
    changes = drawn[1][name][:resamples] - drawn[0][name][:resamples]
    known = changes[~np.isnan(changes)]
    return (0.0, 0.0) if 2 * len(known) > resamples and not known.any() else find_quantiles(changes)
