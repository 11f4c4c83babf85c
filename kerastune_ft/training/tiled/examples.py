"""Pictures as the report shows them, and tiles that a saved model is compared on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from kerastune_ft.tasks.base import Measured
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.tiled.measure import describe_picture

ShownMask = tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]
"""A picture, its true and its predicted mask, and what became of it on its way to the model."""

# The longer side of what is shown, and the tiles that are computed again to show pictures.
_LARGEST, _MOST_TILES = 512, 400


def measure_few_tiles(session: Session, split: str, count: int) -> tuple[list[int], Measured]:
    """Return the first tiles of a split, and what the task measures of each by itself."""
    indices = session.examples.splits[split][:count]
    outputs = tf.concat(list(_compute(session, indices)), 0)
    found = session.task.measure(tf.constant(session.loader.targets(indices)), outputs)
    return indices.tolist(), {name: rows.numpy() for name, rows in found.items()}


def show_pictures(session: Session, pictures: np.ndarray) -> Iterator[ShownMask]:
    """Yield these pictures, made smaller, with their true masks and those of their tiles put together.

    It ends early where they have so many tiles that computing them again would take long.
    """
    source: Any = session.loader.source
    geometry: Any = session.loader.geometry  # type: ignore[attr-defined]
    computed = 0
    for index in pictures.tolist():
        picture = describe_picture(source, index, geometry)
        computed += len(picture.boxes)
        if computed > max(_MOST_TILES, len(picture.boxes)):
            return
        outputs = (np.asarray(each)[0] for each in _compute(session, source.cuts.find_tiles([index])))
        predicted = session.task.decode_tiles(picture, outputs).mask
        assert predicted is not None
        seen = {"pictures": [picture.height, picture.width], "tiles": len(picture.boxes)}
        step = -(-max(picture.height, picture.width) // _LARGEST)
        shown = (source.read_picture(index), source.read_truth(index)["mask"], predicted)
        rows, columns = (slice(min(step // 2, side - 1), None, step) for side in (picture.height, picture.width))
        image, mask, found = (each[rows, columns] for each in shown)
        yield image, mask, found, seen


def _compute(session: Session, tiles: np.ndarray) -> Iterator[tf.Tensor]:
    """Yield the raw outputs of each of these tiles, [1, ...]."""
    for inputs in session.loader.inputs(tiles, 1):
        yield session.model(tf.cast(inputs, tf.float32), training=False)
