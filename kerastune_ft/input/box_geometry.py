"""Brings boxes to the size that their images are fitted to, and back.

Boxes are rows xmin, ymin, xmax, ymax as edges in pixels: those of a whole image are 0, 0, width, height.
"""

from __future__ import annotations

import tensorflow as tf

from kerastune_ft.input.decode import Geometry, find_window

PLACEMENT = 6
"""The numbers of a placement: top, left, rows and columns of the shown part of an image, its height and its width."""


def find_placement(size: tf.Tensor, geometry: Geometry) -> tf.Tensor:
    """Return where an image of the height and width in `size` [2] is shown, float32 [6], in the image's own pixels.

    It is the window of `decode.find_window` (top, left, rows, columns), then height and width.
    """
    height, width = size[0], size[1]
    return tf.cast(tf.stack([*find_window(height, width, geometry), height, width]), tf.float32)


def fit_boxes(boxes: tf.Tensor, placement: tf.Tensor, geometry: Geometry) -> tf.Tensor:
    """Return the corners of an image's boxes [boxes, 4] in pixels of the fitted image, cut off at its borders."""
    top, left, rows, columns, _, _ = tf.unstack(placement)
    across, upright = float(geometry.width) / columns, float(geometry.height) / rows
    corners = (boxes - tf.stack([left, top, left, top])) * tf.stack([across, upright, across, upright])
    return clip_boxes(corners, float(geometry.height), float(geometry.width))


def restore_boxes(fitted: tf.Tensor, placements: tf.Tensor, shape: tuple[int, int]) -> tf.Tensor:
    """Return corners [batch, boxes, 4] of fitted images in pixels of the images themselves, cut off at their borders.

    `placements` [batch, 6] are those of `find_placement`, `shape` is the height and width that images were fitted to.
    """
    height, width = map(float, shape)
    top, left, rows, columns = (placements[:, column : column + 1] for column in range(4))
    steps = tf.concat([columns * (1.0 / width), rows * (1.0 / height)], 1)
    scale = tf.expand_dims(tf.concat([steps, steps], 1), 1)
    offset = tf.expand_dims(tf.concat([left, top, left, top], 1), 1)
    sides = (tf.expand_dims(placements[:, column : column + 1], 2) for column in (4, 5))
    return clip_boxes(fitted * scale + offset, *sides)


def clip_boxes(boxes: tf.Tensor, height: float | tf.Tensor, width: float | tf.Tensor) -> tf.Tensor:
    """Return corners [..., 4] cut off at the borders of an image of this height and width."""
    across = tf.clip_by_value(boxes[..., 0::2], 0.0, width)
    upright = tf.clip_by_value(boxes[..., 1::2], 0.0, height)
    return tf.stack([across[..., 0], upright[..., 0], across[..., 1], upright[..., 1]], -1)
