"""Glyphs: a few pen strokes in a fixed arrangement, written by many hands with many pens."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
from PIL import Image, ImageDraw

# Drawn larger and reduced, which smooths the edges.
_SUPERSAMPLING: Final = 3
_POINTS_PER_STROKE: Final = 24


def draw_class(rng: np.random.Generator, count: int, size: int) -> np.ndarray:
    """Return `count` writings of one new glyph as ink [count, size, size]."""
    strokes = _new_glyph(rng)
    return np.stack([_write(rng, strokes, size) for _ in range(count)])


def _new_glyph(rng: np.random.Generator) -> np.ndarray:
    """Return the control points [strokes, 4, 2] of cubic curves; a stroke often begins where the last one ended."""
    strokes = rng.uniform(-0.8, 0.8, (rng.integers(1, 5), 4, 2))
    for previous, stroke in pairwise(strokes):
        if rng.random() < 0.6:
            stroke[0] = previous[3]
        if rng.random() < 0.35:
            stroke[1:3] = stroke[0] + (stroke[3] - stroke[0]) * np.array([[1 / 3], [2 / 3]])  # a straight stroke
    if rng.random() < 0.3:
        strokes[-1, 3] = strokes[0, 0]  # a closed loop
    return strokes - strokes.mean(axis=(0, 1))


def _write(rng: np.random.Generator, strokes: np.ndarray, size: int) -> np.ndarray:
    points = _curves(strokes + rng.normal(0, 0.07, strokes.shape)) @ _hand(rng)
    reach = np.abs(points).max()
    scale = rng.uniform(0.55, 0.95) / reach
    points = points * scale + rng.uniform(-0.12, 0.12, 2)
    large = size * _SUPERSAMPLING
    canvas = Image.new("L", (large, large))
    pen = ImageDraw.Draw(canvas)
    width = max(2, round(large * rng.uniform(0.03, 0.15)))
    for curve in (points + 1) * (large / 2):
        pen.line([tuple(point) for point in curve], fill=255, width=width, joint="curve")
        for x, y in (curve[0], curve[-1]):
            pen.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=255)
    return np.asarray(canvas.reduce(_SUPERSAMPLING), np.float32) / 255


def _curves(controls: np.ndarray) -> np.ndarray:
    """Return points along cubic Bezier curves, [strokes, points, 2]."""
    t = np.linspace(0, 1, _POINTS_PER_STROKE)[:, None]
    weights = np.concatenate([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3], axis=1)
    return weights @ controls


def _hand(rng: np.random.Generator) -> np.ndarray:
    """Return how a hand distorts a glyph: a small turn, slant and stretch."""
    angle, slant = rng.uniform(-0.3, 0.3), rng.uniform(-0.3, 0.3)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.diag(rng.uniform(0.75, 1.25, 2)) @ np.array([[1, slant], [0, 1]]) @ turn
