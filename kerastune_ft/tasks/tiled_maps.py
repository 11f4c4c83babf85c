"""Maps of classes of whole pictures, made of those of their tiles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from kerastune_ft.data.annotations.masks import IGNORE
from kerastune_ft.input.decode import Geometry
from kerastune_ft.input.mask_geometry import find_places
from kerastune_ft.tiles.blend import blend
from kerastune_ft.tiles.grid import TiledPicture

# Smaller probabilities are set to this before their logarithm: float32 has none below.
_SMALLEST = 1e-38

Band = tuple[int, np.ndarray]
"""The number of a picture's row and the probabilities from there on, float32 [rows, width, classes]."""


def blend_maps(picture: TiledPicture, maps: Iterable[np.ndarray]) -> Iterator[Band]:
    """Yield the probabilities of a picture's own pixels, band by band, from those of its tiles at the model's size.

    A pixel of a tile has those of the nearest pixel that the model saw; where tiles overlap, see `tiles.blend`.
    """

    def restore() -> Iterator[np.ndarray]:
        places = {}
        for (_, _, height, width), fitted in zip(picture.boxes.tolist(), maps, strict=True):
            if (height, width) not in places:
                places[height, width] = find_places(height, width, picture.geometry)
            rows, columns = places[height, width]
            yield fitted[rows][:, columns]

    return blend(picture.boxes, picture.width, picture.shared, restore())


def measure_bands(mask: np.ndarray, bands: Iterable[Band], classes: int, geometry: Geometry) -> dict[str, np.ndarray]:
    """Return the confusion matrix, the cross-entropy and the number of labelled pixels of a picture.

    `mask` is the true one, uint8 [height, width], and `bands` are the probabilities of the picture's own pixels. Loss
    and number are divided by the pixels of the model's size, as `losses.masks` divides them: so pictures count by their
    pixels. Everything is summed in float64 or whole numbers, band by band.
    """
    confusion, loss = np.zeros((classes, classes), np.int64), 0.0
    for top, band in bands:
        true = mask[top : top + len(band)]
        valid = true != IGNORE
        known, found = true[valid].astype(np.int64), band[valid]
        confusion += np.bincount(known * classes + found.argmax(-1), minlength=classes**2).reshape(classes, classes)
        own = np.take_along_axis(found, known[:, np.newaxis], axis=-1)
        loss -= float(np.log(np.maximum(own, _SMALLEST)).sum(dtype=np.float64))
    pixels = geometry.height * geometry.width
    count = confusion.sum() / pixels
    return {"confusion": confusion, "loss": np.array(loss / pixels, np.float32), "count": np.array(count, np.float32)}
