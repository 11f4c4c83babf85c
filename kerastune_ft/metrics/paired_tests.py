"""Tests of two models on the same examples, and what many tests at once mean."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class McNemar(NamedTuple):
    """What an exact McNemar test says of two models."""

    only_first: int
    """Examples that the first model alone gets right."""
    only_other: int
    """Examples that the other model alone gets right."""
    p: float
    """The probability of so uneven a division or a more uneven one, were both models right equally often."""


def compare_hits(first: np.ndarray, other: np.ndarray) -> McNemar:
    """Return McNemar's test (Psychometrika 12, 1947) in its exact, two-sided form, of hits (1 or 0) by example.

    Only the n = b + c examples count that one model gets right and the other does not. Were both equally good, b would
    be binomial with n and 1/2, so that p = min(1, 2 sum_{k=0}^{min(b, c)} C(n, k) / 2^n). The examples must be
    independent of each other.
    """
    b, c = int(np.sum((first == 1) & (other == 0))), int(np.sum((first == 0) & (other == 1)))
    n, term, tail = b + c, 1, 0
    # Whole numbers of any size: nothing is rounded before the division.
    for k in range(min(b, c) + 1):
        tail += term
        term = term * (n - k) // (k + 1)
    return McNemar(b, c, min(1.0, 2 * tail / 2**n))


class FoldTest(NamedTuple):
    """What a corrected resampled t-test says of two schedules on the same folds."""

    difference: float
    """The mean over the folds of how much more the other one has."""
    interval: tuple[float, float] | None
    """Its interval of 95 %; None of fewer than two folds, or where all differ alike."""
    p: float | None


def compare_on_folds(differences: Sequence[float], validated: float, trained: float) -> FoldTest:
    """Return the corrected resampled t-test (Nadeau and Bengio, Machine Learning 52, 2003) of differences by fold.

    The variance of the mean of J differences, by folds and seeds, is s² (1 / J + validated / trained), with J - 1
    degrees of freedom: their training examples overlap. `validated` and `trained` are the examples of a fold.
    """
    found = np.asarray(differences, np.float64)
    mean = float(found.mean())
    if len(found) < 2 or not found.std(ddof=1) > 0:
        return FoldTest(mean, None, None)
    from scipy.stats import t

    spread = float(found.std(ddof=1)) * math.sqrt(1 / len(found) + validated / trained)
    half = float(t.ppf(0.975, len(found) - 1)) * spread
    return FoldTest(mean, (mean - half, mean + half), float(2 * t.sf(abs(mean) / spread, len(found) - 1)))


def adjust_by_holm(values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for their number (Holm, Scandinavian Journal of Statistics 6, 1979), in their order.

    Of m values the k-th smallest is multiplied by m - k + 1, none becomes smaller than one before it, and none exceeds
    1. Whoever takes those below 0.05 for differences is wrong in any of them with a probability of at most 0.05.
    """
    adjusted, largest = [0.0] * len(values), 0.0
    for rank, place in enumerate(sorted(range(len(values)), key=lambda place: values[place])):
        largest = max(largest, min(1.0, (len(values) - rank) * values[place]))
        adjusted[place] = largest
    return adjusted
