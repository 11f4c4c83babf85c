"""Contours: closed outlines filled in rings and dots, at any angle, among fragments of other outlines."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Contour(NamedTuple):
    """The parameters that make a class: outline, bend, inner rings and inner dots."""

    waves: np.ndarray  # [5] height of the outline's waves, 2 to 6 around
    phases: np.ndarray  # [5]
    aspect: float
    bend: float
    rings: np.ndarray  # [4] ink at radius 0, 1/3, 2/3 and 1
    dots: np.ndarray  # [n, 3] x, y, radius
    dot_ink: float


def draw_class(rng: np.random.Generator, count: int, size: int) -> np.ndarray:
    """Return `count` views of one new contour as ink [count, size, size]."""
    contour = _new_contour(rng)
    return np.stack([_view(rng, contour, size) for _ in range(count)])


def _new_contour(rng: np.random.Generator) -> Contour:
    waves = rng.uniform(0, 0.3, 5) * (rng.random(5) < 0.4)
    rings = rng.uniform(0.25, 1, 4) if rng.random() < 0.7 else np.full(4, rng.uniform(0.5, 1))
    dots = np.column_stack([rng.uniform(-0.5, 0.5, (3, 2)), rng.uniform(0.08, 0.25, 3)])[: rng.integers(0, 4)]
    return Contour(
        waves=waves,
        phases=rng.uniform(0, 2 * np.pi, 5),
        aspect=rng.uniform(1, 2.6) if rng.random() < 0.5 else 1.0,
        bend=rng.uniform(0.2, 0.8) if rng.random() < 0.3 else 0.0,
        rings=rings,
        dots=dots,
        dot_ink=rng.choice((-0.6, 0.6)),
    )


def _view(rng: np.random.Generator, contour: Contour, size: int) -> np.ndarray:
    ink = _fill(rng, contour, *_field(rng, size, rng.uniform(0.4, 0.8), rng.uniform(-0.2, 0.2, 2)))
    for _ in range(rng.integers(0, 4)):
        direction, away = rng.uniform(0, 2 * np.pi), rng.uniform(0.9, 1.5)
        centre = away * np.array([np.cos(direction), np.sin(direction)])
        passer_by = contour._replace(
            rings=np.full(4, rng.uniform(0.3, 0.9)), dots=contour.dots[:0], aspect=1.0, bend=0.0
        )
        ink = ink + 0.7 * _fill(rng, passer_by, *_field(rng, size, rng.uniform(0.15, 0.6), centre))
    return np.clip(ink, 0, 1).astype(np.float32)


def _field(rng: np.random.Generator, size: int, radius: float, centre: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the coordinates of the pixels as a turned shape of that radius at `centre` sees them."""
    axis = np.linspace(-1, 1, size, dtype=np.float32)
    x, y = (axis[None, :] - centre[0]) / radius, (axis[:, None] - centre[1]) / radius
    angle = rng.uniform(0, 2 * np.pi)
    return np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x


def _fill(rng: np.random.Generator, contour: Contour, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Return the ink of one shape: rings by distance from the centre, then dots, cut off at the outline."""
    v = v * contour.aspect * rng.uniform(0.85, 1.15)
    v = v - contour.bend * rng.uniform(0.7, 1.3) * (u**2 - 0.4)
    angle = np.arctan2(v, u)
    waves = contour.waves * rng.uniform(0.7, 1.3, 5)
    outline = 1 + sum(
        height * np.cos(k * angle + phase) for k, height, phase in zip(range(2, 7), waves, contour.phases, strict=True)
    )
    rho = np.hypot(u, v) / outline
    rings = np.clip(contour.rings + rng.normal(0, 0.05, 4), 0, 1)
    ink = np.interp(rho, np.linspace(0, 1, 4), rings)
    for x, y, radius in contour.dots + rng.normal(0, 0.05, contour.dots.shape):
        ink = ink + contour.dot_ink * np.exp(-((u - x) ** 2 + (v - y) ** 2) / radius**2)
    return np.clip(ink, 0, 1) / (1 + np.exp(np.clip((rho - 1) / 0.04, -20, 20)))
