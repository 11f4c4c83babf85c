"""Objects on textured ground: a picture, and for every pixel which object it shows, from one and the same drawing.

An object is the set of pixels whose centres lie within its outline; later ones hide earlier ones. No edge is softened,
so boxes and masks that follow from the drawing are exact to the pixel.
"""

from __future__ import annotations

import colorsys
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

Outline = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Tells which points, in units of the object around its middle, are inside."""

# No object hides more of an earlier one than leaves it this share of itself; the same share must lie in the picture.
_LEAST_VISIBLE: Final = 0.6
_TRIES: Final = 12


def _disc(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return u**2 + v**2 <= 1


def _square(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return np.maximum(np.abs(u), np.abs(v)) <= 0.87


def _triangle(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    edges = [math.cos(turn) * u + math.sin(turn) * v for turn in (math.pi / 2, math.pi * 7 / 6, math.pi * 11 / 6)]
    return np.maximum.reduce(edges) <= 0.6


def _cross(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    far, near = np.maximum(np.abs(u), np.abs(v)), np.minimum(np.abs(u), np.abs(v))
    return (far <= 1.05) & (near <= 0.38)


OUTLINES: Final[Mapping[str, Outline]] = {"cross": _cross, "disc": _disc, "square": _square, "triangle": _triangle}
"""By class the outline of its objects."""


class Pose(NamedTuple):
    """The place of an object: middle and half its breadth in pixels, angle in radians."""

    x: float
    y: float
    radius: float
    angle: float


@dataclass(frozen=True)
class Scene:
    """A picture and what is in it."""

    pixels: np.ndarray
    """uint8 [size, size, 3]."""
    owners: np.ndarray
    """uint8 [size, size]: the object that each pixel shows, counted from 1; 0 is ground."""
    kinds: tuple[int, ...]
    """By object the position of its class in OUTLINES."""


def draw_scene(rng: np.random.Generator, size: int, count: int, radii: tuple[float, float]) -> Scene:
    """Return a picture of at most `count` objects, fewer where they find no place; `radii` are the least and most."""
    owners = np.zeros((size, size), np.uint8)
    pixels, totals, kinds = _draw_ground(rng, size), list[int](), list[int]()
    for _ in range(count):
        kind = int(rng.integers(len(OUTLINES)))
        inside = _find_place(rng, owners, totals, tuple(OUTLINES.values())[kind], radii)
        if inside is None:
            continue
        kinds.append(kind)
        totals.append(int(inside.sum()))
        owners[inside] = len(kinds)
        pixels[inside] = _draw_surface(rng, size)[inside]
    pixels += rng.standard_normal(pixels.shape, np.float32) * np.float32(rng.uniform(0.01, 0.05))
    return Scene((255 * np.clip(pixels, 0, 1) + 0.5).astype(np.uint8), owners, tuple(kinds))


def _find_place(
    rng: np.random.Generator, owners: np.ndarray, totals: Sequence[int], outline: Outline, radii: tuple[float, float]
) -> np.ndarray | None:
    """Return the pixels of a new object, bool [size, size]; None where it would hide too much of others."""
    size = len(owners)
    for _ in range(_TRIES):
        # Even on a logarithmic scale: as many small ones as large ones.
        radius = radii[0] * (radii[1] / radii[0]) ** rng.random()
        x, y = (float(value) for value in rng.uniform(0, size, 2))
        pose = Pose(x, y, radius, rng.uniform(0, 2 * np.pi))
        inside = _find_inside(outline, pose, size, margin=size // 4)
        whole, inside = int(inside.sum()), inside[size // 4 : -(size // 4), size // 4 : -(size // 4)]
        left = np.bincount(owners[~inside], minlength=len(totals) + 1)[1:]
        if inside.sum() >= _LEAST_VISIBLE * whole and (left >= _LEAST_VISIBLE * np.array(totals)).all():
            return inside
    return None


def _find_inside(outline: Outline, pose: Pose, size: int, margin: int) -> np.ndarray:
    """Return which pixels of a picture with `margin` more on every side the object covers."""
    centres = np.arange(-margin, size + margin) + 0.5
    x, y = (centres[None, :] - pose.x) / pose.radius, (centres[:, None] - pose.y) / pose.radius
    cosine, sine = math.cos(pose.angle), math.sin(pose.angle)
    return outline(cosine * x + sine * y, cosine * y - sine * x)


def _draw_surface(rng: np.random.Generator, size: int) -> np.ndarray:
    """Return a coloured field, lit from one side, for one object to be cut from; float32 [size, size, 3]."""
    colour = colorsys.hsv_to_rgb(rng.random(), rng.uniform(0.45, 0.95), rng.uniform(0.5, 1.0))
    light = 1 + _draw_waves(rng, size, (0.5, 2), 1) * rng.uniform(0.05, 0.2)
    return (light[..., None] * np.array(colour, np.float32)).astype(np.float32)


def _draw_ground(rng: np.random.Generator, size: int) -> np.ndarray:
    """Return a field of little colour with coarse and fine waves, float32 [size, size, 3]."""
    colour = colorsys.hsv_to_rgb(rng.random(), rng.uniform(0, 0.3), rng.uniform(0.3, 0.75))
    light = 1 + _draw_waves(rng, size, (1, 4), 3) * 0.08 + _draw_waves(rng, size, (12, 40), 3) * rng.uniform(0.01, 0.06)
    return (light[..., None] * np.array(colour, np.float32)).astype(np.float32)


def _draw_waves(rng: np.random.Generator, size: int, cycles: tuple[float, float], count: int) -> np.ndarray:
    """Return the sum of `count` plane waves of amplitude 1, each with so many cycles over the picture."""
    axis = np.arange(size) / size
    waves = np.zeros((size, size))
    for _ in range(count):
        frequency, turn, phase = rng.uniform(*cycles), rng.uniform(0, 2 * np.pi), rng.uniform(0, 2 * np.pi)
        along = math.cos(turn) * axis[None, :] + math.sin(turn) * axis[:, None]
        waves += np.sin(2 * np.pi * frequency * along + phase)
    return waves
