"""Fractals: the attractor of a random iterated function system, found by the chaos game."""

from __future__ import annotations

from typing import Final

import numpy as np

_PARTICLES: Final = 320
_SETTLING_STEPS: Final = 12
_DRAWN_STEPS: Final = 14
# A system whose attractor covers less of the picture is a few dots, no shape.
_LEAST_COVER: Final = 0.12


def draw_class(rng: np.random.Generator, count: int, size: int) -> np.ndarray:
    """Return `count` variations of one new fractal as ink [count, size, size]."""
    while True:
        maps = rng.uniform(-1, 1, (rng.integers(2, 7), 2, 3))
        with np.errstate(all="ignore"):
            sample = _attractors(rng, maps[None], size)
        if sample is not None and (sample > 0).mean() > _LEAST_COVER:
            break
    drawn: list[np.ndarray] = []
    while sum(len(inks) for inks in drawn) < count:
        # Each parameter of each map varies by a tenth, and what diverges or collapses is drawn again.
        varied = maps * rng.uniform(0.9, 1.1, (count, *maps.shape))
        with np.errstate(all="ignore"):
            inks = _attractors(rng, varied, size)
        if inks is not None:
            drawn.append(inks[(inks > 0).mean(axis=(1, 2)) > _LEAST_COVER / 2])
    return np.concatenate(drawn)[:count]


def _attractors(rng: np.random.Generator, maps: np.ndarray, size: int) -> np.ndarray | None:
    """Return the attractors of systems `maps` [n, maps, 2, 3] that stay finite, None if none does."""
    count, choices = maps.shape[:2]
    shares = np.abs(np.linalg.det(maps[0, :, :, :2])) + 0.01
    state = np.zeros((count, _PARTICLES, 2))
    points = []
    for step in range(_SETTLING_STEPS + _DRAWN_STEPS):
        chosen = rng.choice(choices, (count, _PARTICLES), p=shares / shares.sum())
        picked = maps[np.arange(count)[:, None], chosen]
        state = (picked[..., :2] @ state[..., None])[..., 0] + picked[..., 2]
        if step >= _SETTLING_STEPS:
            points.append(state)
    cloud = np.concatenate(points, axis=1)
    cloud = cloud[np.isfinite(cloud).all(axis=(1, 2)) & (np.abs(cloud).max(axis=(1, 2)) < 50)]
    if not len(cloud):
        return None
    return np.stack([_print(rng, points_of_one, size) for points_of_one in cloud])


def _print(rng: np.random.Generator, points: np.ndarray, size: int) -> np.ndarray:
    """Return a point cloud as ink, turned a little and fitted into the picture; denser is darker."""
    angle = rng.uniform(-0.35, 0.35)
    points = points @ np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    low, high = np.quantile(points, 0.02, axis=0), np.quantile(points, 0.98, axis=0)
    centred = (points - (low + high) / 2) / (max(*(high - low), 1e-6) / 2)
    place = (centred * rng.uniform(0.6, 0.95) + rng.uniform(-0.1, 0.1, 2) + 1) * (size / 2)
    column, row = place.astype(int).T
    seen = (column >= 0) & (column < size) & (row >= 0) & (row < size)
    counts = np.bincount(row[seen] * size + column[seen], minlength=size * size).reshape(size, size)
    return np.minimum(counts / 2.0, 1).astype(np.float32)
