"""The distance of features to the nearest training example, by which inputs that are like none of them are told.

Features are brought to length 1, and the distance is Euclid's to the nearest one: Sun, Ming, Zhu and Li,
"Out-of-Distribution Detection with Deep Nearest Neighbors", ICML 2022, with one neighbour. docs/benchmarks.md has what
was measured of it and of other distances.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

MOST_BYTES = 4_000_000
"""The size of the examples that are kept, at two bytes a feature."""
ROUNDING, MARGIN = 1e-5, 1e-3
"""How far the distances of one input may differ by batch and program, and the room above the farthest example."""
_ROWS = 1024
_SHORTEST = 1e-6


@dataclass(frozen=True)
class NearestExample:
    """Measures how far features are from the nearest of some training examples: 0 for the same, at most 2."""

    examples: np.ndarray
    """The features of the examples, each of length 1, float64 [examples, features]."""

    @classmethod
    def of(cls, examples: np.ndarray) -> NearestExample:
        """Return the distance to examples with the digits of float16, in which they are kept."""
        return cls(_normalise(_normalise(examples).astype(np.float16)))

    def measure(self, features: np.ndarray) -> np.ndarray:
        """Return the distance of each row of `features` [examples, features] to the nearest example, float64."""
        parts = [self._measure_rows(features[at : at + _ROWS]) for at in range(0, len(features), _ROWS)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def _measure_rows(self, features: np.ndarray) -> np.ndarray:
        nearest = (_normalise(features) @ self.examples.T).max(axis=1)
        return np.sqrt(np.maximum(2.0 - 2.0 * nearest, 0.0))


def fit_distance(features: np.ndarray, labels: np.ndarray, seed: int) -> NearestExample:
    """Return the distance to features [examples, features] of the classes with these numbers [examples].

    Where all examples would take more than `MOST_BYTES`, as many of each class are drawn as there is room for; the same
    input gives the same result.
    """
    most = max(MOST_BYTES // (2 * features.shape[1]), 1)
    drawn = np.random.default_rng(seed).permutation(len(features))
    # By turns one example of each class, so that small classes are not left out.
    turn = np.empty(len(features), np.int64)
    for label in np.unique(labels):
        own = drawn[labels[drawn] == label]
        turn[own] = np.arange(len(own))
    chosen = drawn[np.argsort(turn[drawn], kind="stable")][:most]
    return NearestExample.of(features[np.sort(chosen)])


def _normalise(features: np.ndarray) -> np.ndarray:
    """Return features at length 1, float64."""
    rows = features.astype(np.float64)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), _SHORTEST)


def choose_threshold(distances: np.ndarray, share: float) -> float:
    """Return a threshold that at least this share of `distances` does not exceed, half way to the next larger one.

    No example lies on it, so that rounding changes no answer: distances closer than `ROUNDING` count as the same, and
    above the largest there is `MARGIN`.
    """
    ordered = np.sort(distances)
    # A share like .95 of 20 is 19 and not 19.000000000000004.
    reached = math.ceil(round(share * len(ordered), 9))
    last = ordered[max(reached, 1) - 1]
    above = distances[distances > last + ROUNDING]
    if not len(above):
        return float(distances.max() + MARGIN)
    following = above.min()
    return float((distances[distances < following].max() + following) / 2)
