"""Puts what is computed of overlapping tiles together to one map of the picture, band by band.

Where tiles overlap, their values are averaged with weights that fall linearly to the borders of a tile over the pixels
that neighbours share, so that no seam shows: of two tiles that overlap as planned the weights add up to 1, and else
they are divided by their sum.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np


def make_ramp(length: int, shared: int) -> np.ndarray:
    """Return the weights of the pixels of a side of a tile, float32 [length]: above 0, and at most 1.

    `shared` is the number of pixels that neighbours have in common; without any all weights are 1.
    """
    if not shared:
        return np.ones(length, np.float32)
    places = np.arange(length)
    return np.minimum((np.minimum(places, length - 1 - places) + 0.5) / shared, 1.0).astype(np.float32)


def blend(boxes: np.ndarray, width: int, shared: int, maps: Iterable[np.ndarray]) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the rows of a picture from top to bottom: the number of the first, and float32 [rows, width, channels].

    `boxes` are the picture's tiles as `Grid.cut` gives them, and `maps` has for each float32 [height, width, channels].
    No more than the rows of one tile are held at a time.
    """
    tops: Sequence[int] = [*boxes[:, 0].tolist(), int(boxes[-1, 0] + boxes[-1, 2])]
    total = weights = np.zeros(0, np.float32)
    for number, (box, values) in enumerate(zip(boxes.tolist(), maps, strict=True)):
        top, left, rows, columns = box
        if not number:
            total = np.zeros((rows, width, values.shape[-1]), np.float32)
            weights = np.zeros((rows, width, 1), np.float32)
        window = (make_ramp(rows, shared)[:, np.newaxis] * make_ramp(columns, shared))[..., np.newaxis]
        total[:, left : left + columns] += window * values
        weights[:, left : left + columns] += window
        if done := tops[number + 1] - top:
            # What lies above the next row of tiles is complete.
            yield top, total[:done] / weights[:done]
            total, weights = (_move_up(each, done) for each in (total, weights))


def _move_up(band: np.ndarray, rows: int) -> np.ndarray:
    moved = np.zeros_like(band)
    moved[: len(band) - rows] = band[rows:]
    return moved
