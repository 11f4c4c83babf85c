"""Random changes to a batch of training images, every draw addressed by the example's key.

An example's result depends on its pixels and its key alone, never on the batch around it. Flip, rotation and zoom are
one bilinear warp, mirrored at the borders; then come contrast, brightness and erasing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from kerastune_ft.graph.randomness import uniform

_GREY = 127.0
_ERASED_AREA = (0.02, 0.2)
_ERASED_ASPECT = 2.0


def augment(images: tf.Tensor, keys: tf.Tensor, ops: Mapping[str, Any]) -> tf.Tensor:
    """Return the batch [batch, height, width, 3] changed at random: float32, 0 to 255.

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
    angle = _spread(keys, "rotate", 2.0 * math.pi * ops["rotate"])
    scale = 1.0 + _spread(keys, "zoom", ops["zoom"])
    # Rows of the map from a place in the result to its place in the image, about the centre.
    cosine, sine = tf.cos(angle) * scale, tf.sin(angle) * scale
    x_sign, y_sign = tf.where(across, -1.0, 1.0), tf.where(upright, -1.0, 1.0)
    a, b, c, d = x_sign * cosine, -x_sign * sine, y_sign * sine, y_sign * cosine
    height, width = tf.shape(images)[1], tf.shape(images)[2]
    x, y = tf.cast(width - 1, tf.float32) / 2.0, tf.cast(height - 1, tf.float32) / 2.0
    none = tf.zeros_like(a)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=tf.stack([a, b, x - a * x - b * y, c, d, y - c * x - d * y, none, none], axis=-1),
        output_shape=tf.stack([height, width]),
        interpolation="BILINEAR",
        fill_mode="REFLECT",
        fill_value=0.0,
    )


def _contrasted(images: tf.Tensor, keys: tf.Tensor, size: float) -> tf.Tensor:
    # Whole numbers add up to the same in any order, so the mean does not depend on how a batch is divided into threads.
    total = tf.reduce_sum(tf.cast(tf.round(images), tf.int64), axis=[1, 2, 3], keepdims=True)
    values = tf.cast(tf.reduce_prod(tf.shape(images)[1:]), tf.float32)
    mean = tf.cast(total, tf.float32) / values
    factor = 1.0 + _spread(keys, "contrast", size)[:, tf.newaxis, tf.newaxis, tf.newaxis]
    return mean + (images - mean) * factor


def _erased(images: tf.Tensor, keys: tf.Tensor, probability: float) -> tf.Tensor:
    """Return the images, each with the given probability covered by one grey rectangle that lies inside it."""
    height, width = (tf.cast(size, tf.float32) for size in (tf.shape(images)[1], tf.shape(images)[2]))
    draws = uniform(keys, "augment/erase", [5])
    smallest, largest = _ERASED_AREA
    area = smallest + (largest - smallest) * draws[:, 1]
    aspect = tf.exp((2.0 * draws[:, 2] - 1.0) * math.log(_ERASED_ASPECT))
    rows, columns = height * tf.sqrt(area * aspect), width * tf.sqrt(area / aspect)
    top, left = draws[:, 3] * (height - rows), draws[:, 4] * (width - columns)
    inside_rows = _between(tf.range(height), top, top + rows)[:, :, tf.newaxis, tf.newaxis]
    inside_columns = _between(tf.range(width), left, left + columns)[:, tf.newaxis, :, tf.newaxis]
    chosen = (draws[:, 0] < probability)[:, tf.newaxis, tf.newaxis, tf.newaxis]
    return tf.where(chosen & inside_rows & inside_columns, _GREY, images)


def _between(places: tf.Tensor, start: tf.Tensor, stop: tf.Tensor) -> tf.Tensor:
    """Return [batch, places]: which pixel centres lie in each example's interval."""
    centres = places[tf.newaxis, :] + 0.5
    return (centres >= start[:, tf.newaxis]) & (centres < stop[:, tf.newaxis])
