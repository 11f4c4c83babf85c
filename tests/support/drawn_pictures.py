"""Smooth pictures that differ in their details, as photos of one kind do."""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy import ndimage


def draw(seed: int, side: int = 160) -> np.ndarray:
    """Grey values from 0 to 255, float64 [side, side]."""
    noise = np.random.default_rng(seed).normal(size=(side, side))
    drawn = sum(ndimage.gaussian_filter(noise, width) * width for width in (2, 4, 8, 16))
    low, high = np.quantile(drawn, (0.02, 0.98))
    scaled: np.ndarray = np.clip((drawn - low) / (high - low) * 160 + 50, 0, 255)
    return scaled


def fit(picture: np.ndarray) -> np.ndarray:
    """The picture at 64 x 64, as copies are looked for, float64."""
    image = Image.fromarray(picture.astype(np.uint8))
    return np.asarray(image.resize((64, 64), Image.Resampling.BOX), np.float64)
