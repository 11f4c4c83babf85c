"""Synthetic blood smears: is the red cell in the middle of the field normal, infected, a sickle or a target cell?

Every image is computed from its index; none shows a real patient, and accuracy on them says nothing about real smears.
The set exists to show staged fine-tuning on any machine with no network. Nuisance is made to resemble the real thing:
stain hue and strength, white balance, uneven lighting, focus, sensor noise, scale, rotation, overlapping neighbours,
platelets, and grains of stain that are easily taken for parasites.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from scipy.ndimage import gaussian_filter

from kerastune_ft.data.embedded import cells

EXAMPLES: Final = 1600
CLASSES: Final = ("normal", "parasite", "sickle", "target")
SPLITS: dict[str, range] | None = {
    "train": range(960),
    "validation": range(960, 1280),
    "test": range(1280, 1600),
}
IMAGE_SIZE: Final = 96
VERSION: Final = "1.0.0"
SYNTHETIC: Final = True
DESCRIPTION: Final = (
    "1600 synthetic (computed, not photographed) microscope fields of 96x96 pixels in four balanced classes by the "
    "red blood cell in the middle: normal, parasite, sickle, target. For demonstrations, not for any medical purpose."
)
PROVENANCE: Final = (
    "Computed by kerastune_ft.data.embedded.blood_smear from the example's index; no real image is involved. "
    "Apache-2.0, as the package."
)
_SEED: Final = 20_211
_DRAW: Final[dict[str, cells.Draw]] = {
    "normal": cells.normal,
    "parasite": cells.parasite,
    "sickle": cells.sickle,
    "target": cells.target,
}
# Optical density per unit of stain in red, green and blue.
_EOSIN: Final = np.array([0.16, 0.62, 0.46], np.float32)
_AZURE: Final = np.array([0.85, 0.95, 0.38], np.float32)


def label(index: int) -> int:
    """Return the position in CLASSES of the cell in the middle of image `index`."""
    return range(EXAMPLES)[index] % len(CLASSES)


def image(index: int) -> np.ndarray:
    """Return field `index` as uint8 RGB of shape [96, 96, 3], always the same for the same index."""
    index = range(EXAMPLES)[index]
    rng = np.random.default_rng([_SEED, index])
    eosin, azure = _stains(rng, _DRAW[CLASSES[label(index)]])
    return _photograph(rng, eosin, azure)


def _stains(rng: np.random.Generator, draw: cells.Draw) -> tuple[np.ndarray, np.ndarray]:
    """Return both stains over the field: the cell in the middle, its neighbours, and what else lies about."""
    radius = rng.uniform(20, 30)
    x, y = (IMAGE_SIZE / 2 + rng.uniform(-6, 6, 2)).tolist()
    subject = cells.Pose(x, y, radius, rng.uniform(0, 2 * np.pi))
    placed = [(draw, subject)]
    for _ in range(rng.integers(1, 5)):
        placed.append((cells.normal, _beside(rng, subject, radius * rng.uniform(0.8, 1.15), rng.uniform(1.7, 2.6))))
    if rng.random() < 0.35:
        placed.append((cells.platelet, _beside(rng, subject, radius * rng.uniform(0.2, 0.35), rng.uniform(0.7, 1.8))))
    for _ in range(rng.integers(0, 4)):
        placed.append((cells.debris, _beside(rng, subject, radius * rng.uniform(0.07, 0.14), rng.uniform(0, 1.6))))
    eosin, azure = np.zeros((2, IMAGE_SIZE, IMAGE_SIZE), np.float32)
    for paint, pose in placed:
        pink, purple = paint(rng, *cells.own_coordinates(pose, IMAGE_SIZE))
        eosin += pink
        azure += purple
    return eosin, azure


def _beside(rng: np.random.Generator, subject: cells.Pose, radius: float, distance: float) -> cells.Pose:
    """Return a pose at `distance` (in radii of the subject) from the subject, in any direction."""
    direction = rng.uniform(0, 2 * np.pi)
    away = distance * subject.radius
    x, y = subject.x + away * math.cos(direction), subject.y + away * math.sin(direction)
    return cells.Pose(x, y, radius, rng.uniform(0, 2 * np.pi))


def _photograph(rng: np.random.Generator, eosin: np.ndarray, azure: np.ndarray) -> np.ndarray:
    """Return the field as a camera sees it: stain, lamp, focus and sensor all vary."""
    pink = _EOSIN * rng.uniform(0.75, 1.35, 3) * rng.uniform(0.6, 1.3)
    purple = _AZURE * rng.uniform(0.8, 1.25, 3) * rng.uniform(0.7, 1.1)
    film = rng.uniform(0, 0.12)  # plasma takes up a little eosin too
    layers = np.stack([eosin + film, azure], axis=-1).astype(np.float32)
    colour = rng.uniform(0.82, 1.0, 3).astype(np.float32)
    pixels = _lamp(rng)[..., None] * colour * np.exp(layers @ np.stack([-pink, -purple]).astype(np.float32))
    blur = rng.uniform(0.3, 1.4)
    pixels = gaussian_filter(pixels, (blur, blur, 0), truncate=3)
    pixels += rng.standard_normal(pixels.shape, np.float32) * np.float32(rng.uniform(0.005, 0.03))
    return (255 * np.clip(pixels, 0, 1) + 0.5).astype(np.uint8)


def _lamp(rng: np.random.Generator) -> np.ndarray:
    """Return the brightness of an unstained field: a slope and a fall-off towards the rim."""
    axis = np.linspace(-1, 1, IMAGE_SIZE, dtype=np.float32)
    slope = rng.uniform(-0.14, 0.14, 2).astype(np.float32)
    rim = rng.uniform(0, 0.12)
    x, y = axis[None, :], axis[:, None]
    return rng.uniform(0.72, 0.98) * (1 + slope[0] * x + slope[1] * y - rim * (x**2 + y**2))
