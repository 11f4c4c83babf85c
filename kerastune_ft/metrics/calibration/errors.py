"""How far probabilities are from how often they are right: reliability by bins, ECE, and what chance alone makes of it.

ECE is that of Naeini, Cooper and Hauskrecht, "Obtaining Well Calibrated Probabilities Using Bayesian Binning", AAAI
2015, here with bins of equally many examples, so that every bin says something.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kerastune_ft.metrics.division import divide
from kerastune_ft.metrics.intervals.base import Sample, find_intervals

MOST_BINS = 15
LEAST_IN_BIN = 10
"""Examples in a bin, where there are fewer than 150 of them."""


@dataclass(frozen=True)
class Claims:
    """Probabilities that were stated, and whether what they were stated of was so: [examples, claims of an example]."""

    probabilities: np.ndarray
    hits: np.ndarray
    """1 or 0 each, float64."""


def number_bins(values: np.ndarray) -> np.ndarray:
    """Return the number of the bin of each value, int64 [values], from 0 on without gaps, in order of the values.

    There are up to 15 bins with about as many values each, ten or more. Equal values are in one bin, that of the middle
    of their ranks, so that the order of the examples decides nothing; where many are equal, bins have other sizes.
    """
    bins = max(1, min(MOST_BINS, len(values) // LEAST_IN_BIN))
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    middles = (2 * ends - counts) / 2
    places = np.minimum((middles * bins / max(len(values), 1)).astype(np.int64), bins - 1)
    used = np.unique(places)
    numbers: np.ndarray = np.searchsorted(used, places)[inverse.reshape(-1)]
    return numbers


def describe_reliability(claims: Claims, groups: Sequence[str] | None = None) -> dict[str, Any]:
    """Return `ece`, `ece_by_chance` and the `bins` with their intervals.

    ECE is the mean over the claims of |share of hits - mean probability| of their bin. Even probabilities that are
    exactly right have one above 0 of finitely many claims: `ece_by_chance` is what it would be on average, by the
    normal approximation of each bin's hits. An interval of a bin is that of its share of hits, as of any metric.
    """
    flat, hits = claims.probabilities.reshape(-1), claims.hits.reshape(-1)
    numbers = number_bins(flat)
    bins = int(numbers.max()) + 1
    sizes = np.bincount(numbers, minlength=bins)
    stated, right = (np.bincount(numbers, weights, bins) for weights in (flat, hits))
    spread = np.bincount(numbers, flat * (1 - flat), bins)
    ends = _find_ends(claims, numbers.reshape(claims.hits.shape), bins, groups)
    return {
        "ece": float(np.abs(right - stated).sum() / len(flat)),
        "ece_by_chance": float(np.sqrt(2 / math.pi * spread).sum() / len(flat)),
        "bins": [
            {
                "claims": int(sizes[number]),
                "lowest": float(flat[numbers == number].min()),
                "highest": float(flat[numbers == number].max()),
                "probability": float(stated[number] / sizes[number]),
                "share": float(right[number] / sizes[number]),
                "interval": ends.get(str(number)),
            }
            for number in range(bins)
        ],
    }


def _find_ends(
    claims: Claims, numbers: np.ndarray, bins: int, groups: Sequence[str] | None
) -> dict[str, tuple[float, float]]:
    """Return the interval of the share of hits of every bin, by its number."""
    examples, each = claims.hits.shape
    if each == 1:
        column, hits = numbers[:, 0], claims.hits[:, 0]
        shares = {str(number): np.where(column == number, hits, np.nan) for number in range(bins)}
        return find_intervals(Sample(examples, proportions=shares), groups)
    # Claims of one example belong together, so that examples are drawn.
    places = (numbers + bins * np.arange(examples)[:, np.newaxis]).reshape(-1)
    total = np.bincount(places, minlength=examples * bins).reshape(examples, bins).T.astype(np.float64)
    right = np.bincount(places, claims.hits.reshape(-1), examples * bins).reshape(examples, bins).T
    right = np.ascontiguousarray(right)

    def compute(counts: np.ndarray) -> dict[str, np.ndarray]:
        shares = divide(right @ counts, total @ counts)
        return {str(number): shares[number] for number in range(bins)}

    return find_intervals(Sample(examples, compute=compute), groups)
