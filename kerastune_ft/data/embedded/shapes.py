"""Synthetic pictures of crosses, discs, squares and triangles on textured ground, with their boxes and their masks.

Colours, sizes and angles are drawn alike for all classes, so the outline alone tells them apart. Some objects lie
partly on others or reach over the edge of the picture; about one picture in ten is empty.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np

from kerastune_ft.data.embedded.scenes import OUTLINES, Scene, draw_scene

EXAMPLES: Final = 480
CLASSES: Final = tuple(OUTLINES)
PIXEL_CLASSES: Final = ("ground", *CLASSES)
SPLITS: Final = {"train": range(320), "validation": range(320, 400), "test": range(400, 480)}
IMAGE_SIZE: Final = 128
VERSION: Final = "1.0.0"
SYNTHETIC: Final = True
DESCRIPTION: Final = (
    "480 synthetic pictures of 128x128 pixels with up to six crosses, discs, squares and triangles on textured ground; "
    "boxes and masks come from the same drawing and are exact to the pixel."
)
PROVENANCE: Final = (
    "Computed by kerastune_ft.data.embedded.shapes from the example's index; no photograph is involved. "
    "Apache-2.0, as the package."
)
_SALT: Final = 191
_EMPTY: Final = 0.1
_MOST: Final = 6
_RADII: Final = (6.0, 24.0)


def image(index: int) -> np.ndarray:
    """Return picture `index` as uint8 RGB of shape [128, 128, 3], always the same for the same index."""
    return _draw(range(EXAMPLES)[index]).pixels.copy()


def boxes(index: int) -> np.ndarray:
    """Return the objects of picture `index`, int64 [n, 5]: xmin, ymin, xmax, ymax as edges, position in CLASSES.

    A box holds what can be seen of its object and nothing more.
    """
    scene = _draw(range(EXAMPLES)[index])
    rows = [(*_enclose(scene.owners == number), kind) for number, kind in enumerate(scene.kinds, 1)]
    return np.array(rows, np.int64).reshape(len(rows), 5)


def mask(index: int) -> np.ndarray:
    """Return for every pixel of picture `index` its position in PIXEL_CLASSES, uint8 [128, 128]."""
    scene = _draw(range(EXAMPLES)[index])
    return np.array([0, *(kind + 1 for kind in scene.kinds)], np.uint8)[scene.owners]


def instances(index: int) -> np.ndarray:
    """Return for every pixel of picture `index` the object it shows, uint8 [128, 128]: row of `boxes` + 1, 0 ground."""
    return _draw(range(EXAMPLES)[index]).owners.copy()


@lru_cache(maxsize=8)
def _draw(index: int) -> Scene:
    rng = np.random.default_rng([_SALT, index])
    count = 0 if rng.random() < _EMPTY else int(rng.integers(1, _MOST + 1))
    return draw_scene(rng, IMAGE_SIZE, count, _RADII)


def _enclose(inside: np.ndarray) -> tuple[int, int, int, int]:
    """Return the left, upper, right and lower edge of the pixels that are set."""
    (rows,), (columns,) = np.nonzero(inside.any(axis=1)), np.nonzero(inside.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
