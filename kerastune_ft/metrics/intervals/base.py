"""Intervals of 95 % for the metrics of one split, by resampling its examples or by Wilson's formula."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from kerastune_ft.metrics.division import divide
from kerastune_ft.metrics.intervals.draws import count_resamples, draw_counts, number_groups
from kerastune_ft.metrics.intervals.wilson import Interval, round_end, share_interval

Compute = Callable[[np.ndarray], Mapping[str, np.ndarray]]
"""Returns metrics, each [resamples], of counts: how often every example was drawn, float64 [examples, resamples]."""

_SHARE = 0.95
# The share of resamples in which a metric must be defined.
_LEAST_DEFINED = 0.5
# Beyond this many numbers a resample, metrics that rank every example for every class would take minutes.
_MOST_RANKED = 10_000_000


@dataclass(frozen=True)
class Sample:
    """The evaluated examples of a split, as their metrics need them."""

    examples: int
    proportions: Mapping[str, np.ndarray] = field(default_factory=dict)
    """Metrics that are the share of hits: 1 or 0 for every example, NaN where it does not count; float64 [examples]."""
    means: Mapping[str, np.ndarray] = field(default_factory=dict)
    """Metrics that are the mean of a number of every example, float64 [examples]."""
    compute: Compute = lambda counts: {}
    """The other metrics of resamples, from counts."""
    rank: Compute | None = None
    """Metrics of resamples for which the examples are ranked anew for every class."""
    ranked_classes: int = 1
    """How many times `rank` ranks the examples."""

    @property
    def can_rank(self) -> bool:
        """Return whether the metrics of `rank` get intervals: not with millions of examples times classes."""
        return self.rank is not None and self.examples * self.ranked_classes <= _MOST_RANKED


def join_samples(one: Sample, other: Sample) -> Sample:
    """Return the same examples with the metrics of both samples, of which neither ranks."""

    def compute(counts: np.ndarray) -> dict[str, np.ndarray]:
        return {**one.compute(counts), **other.compute(counts)}

    proportions, means = {**one.proportions, **other.proportions}, {**one.means, **other.means}
    return Sample(one.examples, proportions, means, compute)


def find_intervals(sample: Sample, groups: Sequence[str] | None = None) -> dict[str, Interval]:
    """Return the lower and the upper end by metric, without the metrics of which nothing can be said.

    `groups` has the group of every example where examples of one group belong together. A share of examples that are
    not grouped has Wilson's interval; everything else the 2.5 % and 97.5 % quantiles of its resamples, of which those
    are left out where it is undefined. Nothing is said of a metric that is undefined in half of them, or that is the
    same in all; a share of grouped examples then has Wilson's interval for as many examples as there are groups.
    """
    if not sample.examples:
        return {}
    if groups is not None and len(set(groups)) == sample.examples:
        groups = None
    found: dict[str, Interval] = {}
    if groups is None:
        found |= {name: _share_interval(hits) for name, hits in sample.proportions.items()}
    resampled = resample(sample, groups, with_shares=groups is not None)
    found |= {name: ends for name, values in resampled.items() if (ends := find_quantiles(values)) is not None}
    if groups is not None:
        # All or none of the examples are hits, in every resample.
        for name, hits in sample.proportions.items():
            if name not in found:
                found[name] = _share_interval(_hits_of_groups(hits, number_groups(groups)))
    return {name: ends for name, ends in found.items() if not math.isnan(ends[0])}


def measure(sample: Sample) -> dict[str, float]:
    """Return the metrics of all examples, each counted once."""
    once = np.ones((sample.examples, 1))
    found = {name: average(values, once) for name, values in {**sample.means, **sample.proportions}.items()}
    found |= sample.compute(once)
    if sample.rank is not None:
        found |= sample.rank(once)
    return {name: float(values[0]) for name, values in found.items()}


def average(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the mean of the values of the drawn examples [resamples]; an example whose value is NaN does not count.

    NaN where no example counts.
    """
    known = ~np.isnan(values)
    return divide(np.where(known, values, 0.0) @ counts, known.astype(np.float64) @ counts)


def resample(sample: Sample, groups: Sequence[str] | None, *, with_shares: bool) -> dict[str, np.ndarray]:
    """Return the values of every metric in all resamples, each [resamples]; those of shares of hits if asked for.

    The draws depend on the number of examples and the groups alone, so that those of two models on the same examples
    are pairs.
    """
    plain = {**sample.means, **sample.proportions} if with_shares else dict(sample.means)
    parts: dict[str, list[np.ndarray]] = {}

    def compute(counts: np.ndarray) -> dict[str, np.ndarray]:
        return {name: average(values, counts) for name, values in plain.items()} | dict(sample.compute(counts))

    passes: list[tuple[int, Compute]] = [(1, compute)]
    if sample.rank is not None and sample.can_rank:
        passes.append((sample.ranked_classes, sample.rank))
    for work, method in passes:
        for counts in draw_counts(sample.examples, groups, count_resamples(sample.examples, work)):
            for name, values in method(counts).items():
                parts.setdefault(name, []).append(values)
    return {name: np.concatenate(values) for name, values in parts.items()}


def find_quantiles(values: np.ndarray) -> Interval | None:
    """Return the 2.5 % and 97.5 % quantiles of resamples; None where half are undefined, or all the same."""
    known = values[~np.isnan(values)]
    if len(known) <= _LEAST_DEFINED * len(values):
        return None
    low, high = np.quantile(known, [(1 - _SHARE) / 2, (1 + _SHARE) / 2])
    ends = round_end(low), round_end(high)
    return None if math.isclose(known.min(), known.max(), rel_tol=1e-9, abs_tol=1e-12) else ends


def _share_interval(hits: np.ndarray) -> Interval:
    known = hits[~np.isnan(hits)]
    return share_interval(float(known.sum()), len(known))


def _hits_of_groups(hits: np.ndarray, members: np.ndarray) -> np.ndarray:
    """Return a hit or none for every group that has an example that counts; all of them are alike."""
    known = ~np.isnan(hits)
    first = np.unique(members[known], return_index=True)[1]
    chosen: np.ndarray = hits[known][first]
    return chosen
