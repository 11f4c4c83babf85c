"""The nearest neighbours of all examples by the cosine of their features, in blocks of bounded size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

_BLOCK_BYTES = 1 << 24
# A block of similarities is sorted by numbers of 64 bits, and copied on the way.
_COPIES = 6
_SHORTEST = 1e-9


@dataclass(frozen=True)
class Neighbours:
    """The nearest other examples of every example, the nearest first."""

    indices: np.ndarray
    """int64 [examples, count]."""
    similarities: np.ndarray
    """The cosines, float32 [examples, count]."""
    parts: Mapping[str, Neighbours] = field(default_factory=dict)
    """Those by the features of each part alone, where examples have several inputs."""

    @property
    def count(self) -> int:
        """Return how many neighbours of each example are known."""
        return int(self.indices.shape[1])


def estimate_bytes(count: int) -> int:
    """Return what `find_neighbours` holds at most besides the features of so many examples."""
    return _COPIES * min(_BLOCK_BYTES, 4 * count**2)


def find_neighbours(features: np.ndarray, count: int) -> Neighbours:
    """Return the `count` nearest neighbours of every row of features [examples, features], itself left out.

    What all features have in common is taken off first, since the cosine of features that are never negative is high
    for all pairs. Of equals the one of the lower number comes first. See `estimate_bytes` for what is held at a time.
    """
    rows = normalise_rows(features)
    count = min(count, len(rows) - 1)
    step = max(1, _BLOCK_BYTES // (4 * len(rows)))
    indices = np.empty((len(rows), max(count, 0)), np.int64)
    similarities = np.empty(indices.shape, np.float32)
    for start in range(0, len(rows) if count > 0 else 0, step):
        place = slice(start, start + step)
        cosines = rows[place] @ rows.T
        own = np.arange(len(cosines))
        cosines[own, own + start] = -np.inf
        nearest = np.argpartition(-cosines, min(count, cosines.shape[1] - 1), axis=1)[:, :count]
        nearest.sort(axis=1)
        order = np.argsort(-np.take_along_axis(cosines, nearest, axis=1), axis=1, kind="stable")
        indices[place] = np.take_along_axis(nearest, order, axis=1)
        similarities[place] = np.take_along_axis(cosines, indices[place], axis=1)
    return Neighbours(indices, similarities)


def find_neighbours_of_parts(features: Mapping[str, np.ndarray], count: int) -> Neighbours:
    """Return the nearest neighbours by the features of all parts together, and those of each part by itself.

    `features` are rows by part. All parts weigh alike: the mean length of their rows is made the same.
    """
    if len(features) == 1:
        return find_neighbours(next(iter(features.values())), count)
    scaled = [_scale_rows(rows) for rows in features.values()]
    together = find_neighbours(np.concatenate(scaled, axis=1), count)
    return replace(together, parts={name: find_neighbours(rows, count) for name, rows in features.items()})


def _scale_rows(features: np.ndarray) -> np.ndarray:
    """Return rows without what they have in common, of a mean square length of 1."""
    rows = features.astype(np.float32)
    rows -= rows.mean(axis=0, keepdims=True)
    length = float(np.sqrt(np.square(rows, dtype=np.float64).sum(axis=1).mean()))
    scaled: np.ndarray = rows / np.float32(max(length, _SHORTEST))
    return scaled


def normalise_rows(features: np.ndarray) -> np.ndarray:
    """Return rows of length 1 without what they have in common, float32; a row of nothing else stays 0."""
    rows = features.astype(np.float32)
    rows -= rows.mean(axis=0, keepdims=True)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    normalised: np.ndarray = rows / np.maximum(lengths, _SHORTEST)
    return normalised
