"""Fits masks to the size of their images and back, by nearest neighbour, so that classes never mix.

The nearest pixel is computed in integers, so it is the same on every device, and bars take no memory.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from kerastune_ft.data.annotations.masks import IGNORE
from kerastune_ft.input.decode import Geometry, find_window


def fit_mask(mask: tf.Tensor, geometry: Geometry, outside: int = IGNORE) -> tf.Tensor:
    """Return a mask [height, width] of an image's own size, fitted to `geometry` as `decode.fit` fits the image.

    The result has the type of the mask and a static shape; bars beside the image are `outside`.
    """
    shape = tf.shape(mask)
    top, left, rows, columns = find_window(shape[0], shape[1], geometry)
    fitted = _take(
        mask, top + _find_nearest(geometry.height, rows), left + _find_nearest(geometry.width, columns), outside
    )
    return tf.ensure_shape(fitted, [geometry.height, geometry.width])


def restore_mask(
    fitted: tf.Tensor, height: tf.Tensor, width: tf.Tensor, geometry: Geometry, outside: int = IGNORE
) -> tf.Tensor:
    """Return a mask at an image's own height and width from a mask of the size that the image was fitted to.

    The parts of the image that `geometry` cuts off are `outside`.
    """
    return _take(fitted, *_find_places(height, width, geometry), outside)


def find_places(height: int, width: int, geometry: Geometry) -> tuple[np.ndarray, np.ndarray]:
    """Return the row, and the column, of what an image was fitted to in which each row and column of the image lies.

    The nearest is returned where `geometry` cuts off a part of the image.
    """
    found = _find_places(tf.constant(height), tf.constant(width), geometry)
    rows, columns = (places.numpy() for places in found)
    return rows.clip(0, geometry.height - 1), columns.clip(0, geometry.width - 1)


def _find_places(height: tf.Tensor, width: tf.Tensor, geometry: Geometry) -> tuple[tf.Tensor, tf.Tensor]:
    top, left, rows, columns = find_window(height, width, geometry)
    return (
        _scale(tf.range(height) - top, geometry.height, rows),
        _scale(tf.range(width) - left, geometry.width, columns),
    )


def _find_nearest(count: int, length: tf.Tensor) -> tf.Tensor:
    """Return the pixel that the centre of each of `count` equal parts of a side of `length` pixels lies in."""
    return _scale(tf.range(count), length, count)


def _scale(places: tf.Tensor, length: int | tf.Tensor, own_length: int | tf.Tensor) -> tf.Tensor:
    """Return the pixels of a side of `length` that the centres of `places` on a side of `own_length` lie in."""
    centres = 2 * tf.cast(places, tf.int64) + 1
    return tf.cast(centres * tf.cast(length, tf.int64) // (2 * tf.cast(own_length, tf.int64)), tf.int32)


def _take(mask: tf.Tensor, rows: tf.Tensor, columns: tf.Tensor, outside: int) -> tf.Tensor:
    """Return the mask at these rows and columns; `outside` beyond its borders."""
    height, width = tf.shape(mask)[0], tf.shape(mask)[1]
    inside_rows = (rows >= 0) & (rows < height)
    inside_columns = (columns >= 0) & (columns < width)
    taken = tf.gather(mask, tf.clip_by_value(rows, 0, height - 1))
    taken = tf.gather(taken, tf.clip_by_value(columns, 0, width - 1), axis=1)
    inside = inside_rows[:, tf.newaxis] & inside_columns[tf.newaxis, :]
    return tf.where(inside, taken, tf.constant(outside, mask.dtype))
