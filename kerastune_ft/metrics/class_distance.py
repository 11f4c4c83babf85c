"""The distance of features to the nearest class, by which examples of no class at all are told.

The distance is Mahalanobis' to the means of the classes, with one covariance for all of them: Lee, Lee, Lee and Shin,
"A Simple Unified Framework for Detecting Out-of-Distribution Samples and Adversarial Attacks", NeurIPS 2018. Features
are brought to length 1 before, as in Mueller and Hein, "Mahalanobis++: Improving OOD Detection via Feature
Normalization", ICML 2025, since their lengths differ more within a class than they tell. Classes of few examples would
leave a covariance without an inverse, so it is shrunk towards a multiple of the identity as far as Ledoit and Wolf, "A
well-conditioned estimator for large-dimensional covariance matrices", Journal of Multivariate Analysis 88, 2004, find
best. docs/benchmarks.md has what was measured of this and of other distances.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from kerastune_ft.wording import counted

_ROWS = 4096
SHORTEST = 1e-6
"""The length that shorter features are taken for when they are brought to length 1."""


@dataclass(frozen=True)
class ClassDistance:
    """Measures how far features are from the nearest class, in standard deviations along each direction."""

    center: np.ndarray
    """The mean of all features of length 1, float64 [features]; subtracted so that float32 has digits enough."""
    whitening: np.ndarray
    """The matrix [features, features] after which the features within a class have the identity as covariance."""
    means: np.ndarray
    """The means of the classes after `whitening`, float64 [classes, features]."""

    def measure(self, features: np.ndarray) -> np.ndarray:
        """Return the distance of each row of `features` [examples, features] to the nearest class, float64."""
        parts = [self._measure_rows(features[at : at + _ROWS]) for at in range(0, len(features), _ROWS)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def _measure_rows(self, features: np.ndarray) -> np.ndarray:
        white = (_normalise(features) - self.center) @ self.whitening
        squares = (white**2).sum(axis=1)[:, None] - 2.0 * white @ self.means.T + (self.means**2).sum(axis=1)
        return np.sqrt(np.maximum(squares.min(axis=1), 0.0))


def fit_distance(features: np.ndarray, labels: np.ndarray) -> ClassDistance:
    """Return the distance that fits features [examples, features] and the numbers of their classes [examples].

    Classes without an example are no place to be near to. Computed in float64; the same input gives the same result.
    """
    from sklearn.covariance import ledoit_wolf

    rows = _normalise(features)
    center = rows.mean(axis=0)
    rows -= center
    classes, places = np.unique(labels, return_inverse=True)
    means = np.stack([rows[places == place].mean(axis=0) for place in range(len(classes))])
    covariance, _ = ledoit_wolf(rows - means[places], assume_centered=True)
    variances, directions = np.linalg.eigh(covariance)
    # Features that are the same in every example, as those of dead units, tell nothing.
    is_used = variances > max(variances[-1], np.finfo(np.float64).tiny) * np.finfo(np.float32).eps
    scale = np.where(is_used, 1.0 / np.sqrt(np.where(is_used, variances, 1.0)), 0.0)
    whitening = directions * scale
    return ClassDistance(center, whitening, means @ whitening)


def _normalise(features: np.ndarray) -> np.ndarray:
    """Return features at length 1, float64."""
    rows = features.astype(np.float64)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), SHORTEST)


def describe_unknown(split: str, examples: int, unknown: int) -> str:
    """Return a sentence on how many examples of a split are unknown; metrics count these like all others."""
    return (
        f"{unknown:,} of {counted(examples, 'example')} of {split} ({unknown / max(examples, 1):.1%}) "
        f"{'is' if unknown == 1 else 'are'} farther from every class than task.unknown lets through; metrics count "
        f"{'it' if unknown == 1 else 'them'} like the others"
    )


def choose_threshold(distances: np.ndarray, share: float) -> float:
    """Return the least distance that at least this share of `distances` does not exceed."""
    ordered = np.sort(distances)
    # A share like .95 of 20 is 19 and not 19.000000000000004.
    reached = math.ceil(round(share * len(ordered), 9))
    return float(ordered[max(reached, 1) - 1])
