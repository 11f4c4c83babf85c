"""Random changes to a batch of training images, every draw addressed by the example's key.

An example's result depends on its pixels and its key alone, never on the batch around it. Flip, rotation and zoom are
one bilinear warp, mirrored at the borders; then come contrast, brightness and erasing.

Sines, exponentials and roots come from tables: TensorFlow computes the last few elements of a vector by other code than
the rest, so the last bits of `tf.sin` depend on where in the batch an example is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from kerastune_ft.graph.randomness import uniform

_GREY = 127.0
_ERASED_AREA = (0.02, 0.2)
_ERASED_ASPECT = 2.0
_TABLE = 64 * 64


def augment(images: tf.Tensor, keys: tf.Tensor, ops: Mapping[str, Any]) -> tf.Tensor:
    """Return the batch [batch, height, width, 3] changed at random: float32, 0 to 255. Height and width are static.

    `keys` comes from `example_keys`; `ops` from `Augment.resolved()`: `flip` "none", "horizontal" or "both", `rotate`
    the largest share of a full turn, `zoom` and `contrast` the largest relative change, `brightness` the largest shift
    as a share of 255, `erase` the probability of a grey rectangle.
    """
    shape = images.shape
    changed = tf.cast(images, tf.float32)
    if ops["rotate"] or ops["zoom"]:
        changed = _warped(changed, keys, ops)
    elif ops["flip"] != "none":
        changed = _flipped(changed, keys, ops["flip"])
    if ops["contrast"]:
        changed = _contrasted(changed, keys, ops["contrast"])
    if ops["brightness"]:
        changed += 255.0 * _spread(keys, "brightness", ops["brightness"])[:, tf.newaxis, tf.newaxis, tf.newaxis]
    if ops["contrast"] or ops["brightness"]:
        changed = tf.clip_by_value(changed, 0.0, 255.0)
    if ops["erase"]:
        changed = _erased(changed, keys, ops["erase"])
    return tf.ensure_shape(changed, shape)


def _spread(keys: tf.Tensor, site: str, size: float) -> tf.Tensor:
    """Return one draw per example from [-size, size)."""
    return (2.0 * uniform(keys, f"augment/{site}") - 1.0) * size


def _drawn_row(keys: tf.Tensor, site: str, table: np.ndarray) -> tf.Tensor:
    """Return one row of the table per example, each as likely."""
    place = tf.cast(uniform(keys, f"augment/{site}") * float(len(table)), tf.int32)
    return tf.gather(tf.constant(table, tf.float32), place)


def _mirrors(keys: tf.Tensor, flip: str) -> tuple[tf.Tensor, tf.Tensor]:
    """Return per example whether it is mirrored left to right, and top to bottom."""
    never = tf.zeros([tf.shape(keys)[0]], tf.bool)
    across = uniform(keys, "augment/flip_horizontal") < 0.5 if flip != "none" else never
    upright = uniform(keys, "augment/flip_vertical") < 0.5 if flip == "both" else never
    return across, upright


def _flipped(images: tf.Tensor, keys: tf.Tensor, flip: str) -> tf.Tensor:
    across, upright = (mirror[:, tf.newaxis, tf.newaxis, tf.newaxis] for mirror in _mirrors(keys, flip))
    images = tf.where(across, tf.reverse(images, [2]), images)
    return tf.where(upright, tf.reverse(images, [1]), images)


def _warped(images: tf.Tensor, keys: tf.Tensor, ops: Mapping[str, Any]) -> tf.Tensor:
    """Return the images flipped, rotated and zoomed about their centres in one resampling."""
    across, upright = _mirrors(keys, ops["flip"])
    angles = np.linspace(-1.0, 1.0, _TABLE) * 2.0 * math.pi * ops["rotate"]
    turn = _drawn_row(keys, "rotate", np.stack([np.cos(angles), np.sin(angles)], axis=-1))
    scale = 1.0 + _spread(keys, "zoom", ops["zoom"])
    # Rows of the map from a place in the result to its place in the image, about the centre.
    cosine, sine = turn[:, 0] * scale, turn[:, 1] * scale
    x_sign, y_sign = tf.where(across, -1.0, 1.0), tf.where(upright, -1.0, 1.0)
    a, b, c, d = x_sign * cosine, -x_sign * sine, y_sign * sine, y_sign * cosine
    height, width = images.shape[1:3]
    x, y = (width - 1) / 2.0, (height - 1) / 2.0
    none = tf.zeros_like(a)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=tf.stack([a, b, x - a * x - b * y, c, d, y - c * x - d * y, none, none], axis=-1),
        output_shape=[height, width],
        interpolation="BILINEAR",
        fill_mode="REFLECT",
        fill_value=0.0,
    )


def _contrasted(images: tf.Tensor, keys: tf.Tensor, size: float) -> tf.Tensor:
    # Whole numbers add up to the same in any order, so the mean does not depend on how a batch is divided into threads.
    total = tf.reduce_sum(tf.cast(tf.round(images), tf.int64), axis=[1, 2, 3], keepdims=True)
    mean = tf.cast(total, tf.float32) * (1.0 / images.shape[1:].num_elements())
    factor = 1.0 + _spread(keys, "contrast", size)[:, tf.newaxis, tf.newaxis, tf.newaxis]
    return mean + (images - mean) * factor


def _erased(images: tf.Tensor, keys: tf.Tensor, probability: float) -> tf.Tensor:
    """Return the images, each with the given probability covered by one grey rectangle that lies inside it."""
    height, width = map(float, images.shape[1:3])
    draws = uniform(keys, "augment/erase", [3])
    sides = _drawn_row(keys, "erase_sides", _erased_sides())
    rows, columns = height * sides[:, 0], width * sides[:, 1]
    top, left = draws[:, 1] * (height - rows), draws[:, 2] * (width - columns)
    inside_rows = _between(tf.range(height), top, top + rows)[:, :, tf.newaxis, tf.newaxis]
    inside_columns = _between(tf.range(width), left, left + columns)[:, tf.newaxis, :, tf.newaxis]
    chosen = (draws[:, 0] < probability)[:, tf.newaxis, tf.newaxis, tf.newaxis]
    return tf.where(chosen & inside_rows & inside_columns, _GREY, images)


def _erased_sides() -> np.ndarray:
    """Return the sides of rectangles as shares of height and width: every area with every aspect, evenly spread."""
    count = math.isqrt(_TABLE)
    area = np.linspace(*_ERASED_AREA, count)[:, np.newaxis]
    aspect = np.geomspace(1.0 / _ERASED_ASPECT, _ERASED_ASPECT, count)
    return np.stack([np.sqrt(area * aspect), np.sqrt(area / aspect)], axis=-1).reshape(_TABLE, 2)


def _between(places: tf.Tensor, start: tf.Tensor, stop: tf.Tensor) -> tf.Tensor:
    """Return [batch, places]: which pixel centres lie in each example's interval."""
    centres = places[tf.newaxis, :] + 0.5
    return (centres >= start[:, tf.newaxis]) & (centres < stop[:, tf.newaxis])
