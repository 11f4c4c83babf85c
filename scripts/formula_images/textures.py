"""Textures: noise through one or two oriented band-pass filters, smooth or cut to patches."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Texture(NamedTuple):
    """The parameters that make a class."""

    bands: np.ndarray  # [n, 4]: cycles per picture, direction, relative width, directedness
    hardness: float  # 0: grey values; large: two values
    threshold: float


def draw_class(rng: np.random.Generator, count: int, size: int) -> np.ndarray:
    """Return `count` pieces of one new texture as ink [count, size, size]."""
    bands = np.column_stack(
        [
            rng.uniform(2, 14, 2),
            rng.uniform(0, np.pi, 2),
            rng.uniform(0.08, 0.4, 2),
            rng.choice((0.0, 2.0, 12.0), 2),
        ]
    )[: rng.integers(1, 3)]
    texture = Texture(bands, rng.choice((0.8, 2.0, 8.0)), rng.uniform(-0.8, 0.8))
    return np.stack([_weave(rng, texture, size) for _ in range(count)])


def _weave(rng: np.random.Generator, texture: Texture, size: int) -> np.ndarray:
    down, right = np.fft.fftfreq(size, 1 / size)[:, None], np.fft.rfftfreq(size, 1 / size)[None, :]
    frequency, direction = np.hypot(down, right), np.arctan2(down, right)
    zoom, turn = rng.uniform(0.85, 1.15), rng.uniform(-0.2, 0.2)
    spectrum = np.zeros_like(frequency)
    for cycles, towards, width, directedness in texture.bands:
        ring = np.exp(-((np.log((frequency + 1e-3) / (cycles * zoom)) / width) ** 2))
        spectrum += ring * np.exp(directedness * (np.cos(2 * (direction - towards - turn)) - 1))
    noise = np.fft.rfft2(rng.standard_normal((size, size)))
    field = np.fft.irfft2(noise * spectrum, (size, size))
    field = (field - field.mean()) / (field.std() + 1e-6)
    return (1 / (1 + np.exp(-texture.hardness * (field - texture.threshold)))).astype(np.float32)
