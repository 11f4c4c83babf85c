"""Turning ink into a picture: two colours, uneven light, focus and noise, so that no class is told by its colours."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter, zoom

# Least distance of ink and ground, averaged over the channels (range 0 to 1).
_LEAST_CONTRAST: Final = 0.15
_BLACK_AND_WHITE: Final = 0.2


def paint(rng: np.random.Generator, ink: np.ndarray) -> np.ndarray:
    """Return `ink` (0 to 1, [size, size]) as uint8 RGB on a ground of its own."""
    size = len(ink)
    dark_or_bright, ground = _colours(rng)
    if rng.random() < 0.6:
        ink = gaussian_filter(ink, rng.uniform(0.2, 1.6) * size / 64, truncate=3)
    pixels = ground + (dark_or_bright - ground) * ink[..., None]
    if rng.random() < 0.6:
        pixels *= _light(rng, size)[..., None]
    if rng.random() < 0.5:
        pixels += rng.standard_normal(pixels.shape, np.float32) * np.float32(rng.uniform(0, 0.06))
    return (255 * np.clip(pixels, 0, 1) + 0.5).astype(np.uint8)


def _colours(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return the colours of ink and ground: one in five pairs is black and white, the others are far enough apart."""
    if rng.random() < _BLACK_AND_WHITE:
        pair = np.array([[0, 0, 0], [1, 1, 1]], np.float32)
        return tuple(pair[rng.permutation(2)])
    while True:
        pair = rng.random((2, 3), np.float32)
        if rng.random() < 0.5:  # a tint of one hue, as stains and lamps give
            pair[1] = pair[0] * np.float32(rng.uniform(0.2, 0.8)) + rng.random(3, np.float32) * np.float32(0.15)
            pair = np.clip(pair, 0, 1)[rng.permutation(2)]
        if np.abs(pair[0] - pair[1]).mean() > _LEAST_CONTRAST:
            return pair[0], pair[1]


def _light(rng: np.random.Generator, size: int) -> np.ndarray:
    """Return a smooth field around 1: brightness that changes across the picture."""
    corners = rng.uniform(0.65, 1.2, (3, 3)).astype(np.float32)
    return zoom(corners, size / 3, order=1)[:size, :size]
