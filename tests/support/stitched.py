"""Pictures put together of their tiles, as the predict.py of exports should do it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from kerastune_ft.tiles.blend import blend
from kerastune_ft.tiles.grid import Grid

SIZES = [(40, 33), (16, 16), (9, 50), (5, 7)]


def answer(tiles: np.ndarray) -> np.ndarray:
    """Return probabilities [batch, height, width, 2] that a pixel and its place in its tile decide."""
    shares = np.asarray(tiles, np.float32)[..., 0] / 255
    shares = 0.7 * shares + 0.3 * np.linspace(0, 1, shares.shape[2], dtype=np.float32)
    return np.stack([1 - shares, shares], -1)


def check_stitching(script: Any, make_model: Any) -> None:
    """Assert that `predict` of a script gives what `tiles.blend` makes of the same tiles.

    `make_model` returns the runtime's part of the model, as names, around `answer`.
    """
    random = np.random.default_rng(0)
    for overlap in (0.0, 0.25, 0.6):
        grid = Grid(16, overlap)
        model = SimpleNamespace(tiles=[grid.size, grid.common, 2], **make_model(answer))
        pictures = [random.integers(0, 256, (*size, 3)).astype(np.uint8) for size in SIZES]
        for picture, found in zip(pictures, script.predict(model, pictures), strict=True):
            boxes = grid.cut(*picture.shape[:2])
            maps = [answer(picture[np.newaxis, a : a + c, b : b + d])[0] for a, b, c, d in boxes.tolist()]
            bands = [band for _, band in blend(boxes, picture.shape[1], grid.common, maps)]
            assert found["mask"].dtype == np.uint8
            assert (found["mask"] != np.concatenate(bands).argmax(-1)).mean() < 0.002
