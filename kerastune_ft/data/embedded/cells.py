"""Red blood cells as layers of stain: how much eosin (pink) and azure (purple) lies over every pixel.

A cell is drawn in its own coordinates, radius 1 around the origin, so that scale and rotation cost nothing. All
densities add, as they do under a microscope: where two cells overlap the smear is darker.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

Draw = Callable[[np.random.Generator, np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
# How fast density falls at an outline, in radii: about one pixel at the usual scale.
_EDGE: Final = 0.045


class Pose(NamedTuple):
    """The place of a cell: centre and radius in pixels, angle in radians."""

    x: float
    y: float
    radius: float
    angle: float


def own_coordinates(pose: Pose, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return for every pixel of a size x size field its coordinates as the cell at `pose` sees them."""
    axis = np.arange(size, dtype=np.float32)
    x, y = (axis[None, :] - pose.x) / pose.radius, (axis[:, None] - pose.y) / pose.radius
    cosine, sine = math.cos(pose.angle), math.sin(pose.angle)
    return cosine * x + sine * y, cosine * y - sine * x


def _inside(distance: np.ndarray) -> np.ndarray:
    """Return 1 where the distance to an outline is negative, 0 where positive, with a soft edge."""
    return 1 / (1 + np.exp(np.clip(distance / _EDGE, -20, 20)))


def _bump(distance: np.ndarray, width: float) -> np.ndarray:
    return np.exp(-((distance / width) ** 2))


def _wobbly_radius(rng: np.random.Generator, u: np.ndarray, v: np.ndarray, aspect: tuple[float, float]) -> np.ndarray:
    """Return the distance from the centre in units of an uneven, slightly elliptic outline."""
    stretch = math.sqrt(rng.uniform(*aspect))
    angle = np.arctan2(v, u)
    outline = 1.0 + sum(rng.uniform(0, 0.05) * np.cos(k * angle + rng.uniform(0, 2 * np.pi)) for k in (2, 3, 5))
    return np.hypot(u * stretch, v / stretch) / outline


def _dimple(rng: np.random.Generator, rho: np.ndarray, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Return the thickness of a biconcave disc: thin in the middle, which need not be the exact middle."""
    off_centre = np.hypot(u - rng.uniform(-0.15, 0.15), v - rng.uniform(-0.15, 0.15))
    pallor = rng.uniform(0.25, 0.85) * _bump(off_centre, rng.uniform(0.35, 0.6))
    return _inside(rho - 1) * (1 - pallor)


def normal(rng: np.random.Generator, u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return eosin and azure of a normal cell, round to clearly oval."""
    eosin = _dimple(rng, _wobbly_radius(rng, u, v, (0.7, 1.0)), u, v)
    return eosin, np.zeros_like(eosin)


def target(rng: np.random.Generator, u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return eosin and azure of a target cell: a dark spot within the pale ring."""
    rho = _wobbly_radius(rng, u, v, (0.75, 1.0))
    off_centre = np.hypot(u - rng.uniform(-0.12, 0.12), v - rng.uniform(-0.12, 0.12))
    ring = rng.uniform(0.45, 0.85) * _bump(off_centre - rng.uniform(0.42, 0.56), rng.uniform(0.13, 0.2))
    eosin = _inside(rho - 1) * (1 - ring)
    return eosin, np.zeros_like(eosin)


def sickle(rng: np.random.Generator, u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return eosin and azure of a sickle cell: a bent spindle, from barely to strongly curved."""
    length, width = rng.uniform(1.05, 1.35), rng.uniform(0.3, 0.6)
    bend = rng.uniform(0.25, 0.6)
    along = np.clip(1 - (u / length) ** 2, 0, None)
    across = np.abs(v - bend * (u**2 - 0.5))
    eosin = _inside(across - width * along) * _inside(np.abs(u) - length) * rng.uniform(0.9, 1.2)
    # Rarely as pale in the middle as a disc.
    eosin = eosin * (1 - rng.uniform(0, 0.5) * _bump(np.hypot(u, 2 * across), 0.4))
    return eosin, np.zeros_like(eosin)


def parasite(rng: np.random.Generator, u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return eosin and azure of an infected cell: a faint purple ring with a darker dot on it."""
    rho = _wobbly_radius(rng, u, v, (0.75, 1.0))
    eosin = _dimple(rng, rho, u, v)
    azure = np.zeros_like(eosin)
    for _ in range(rng.choice((1, 1, 1, 2))):
        azure += _ring_form(rng, u, v)
    return eosin, azure * _inside(rho - 0.97)


def _ring_form(rng: np.random.Generator, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    away, direction = rng.uniform(0.1, 0.62), rng.uniform(0, 2 * np.pi)
    x, y = away * math.cos(direction), away * math.sin(direction)
    radius, dot = rng.uniform(0.16, 0.28), rng.uniform(0, 2 * np.pi)
    ring = rng.uniform(0.45, 0.85) * _bump(np.hypot(u - x, v - y) - radius, 0.07)
    spot_distance = np.hypot(u - x - radius * math.cos(dot), v - y - radius * math.sin(dot))
    return ring + rng.uniform(0.6, 1.1) * _bump(spot_distance, rng.uniform(0.08, 0.13))


def platelet(rng: np.random.Generator, u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return eosin and azure of a platelet: a small grainy purple body, no cell at all."""
    rho = _wobbly_radius(rng, u, v, (0.6, 1.0))
    azure = _inside(rho - 1) * rng.uniform(0.3, 0.7)
    for _ in range(3):
        azure += 0.3 * _bump(np.hypot(u - rng.uniform(-0.5, 0.5), v - rng.uniform(-0.5, 0.5)), 0.3)
    return np.zeros_like(azure), azure


def debris(rng: np.random.Generator, u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return eosin and azure of a grain of undissolved stain: a dot with no ring, on any cell or beside it."""
    azure = rng.uniform(0.5, 1.2) * _bump(np.hypot(u, v * rng.uniform(0.7, 1.4)), 0.8)
    return np.zeros_like(azure), azure
