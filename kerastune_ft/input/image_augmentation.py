"""Random changes to a batch of training images and their masks, every draw addressed by the example's key.

`draw` makes the draws once; `on_images` and `on_masks` apply them with the same geometry. An example's result depends
on its pixels and its key alone, never on the rest of the batch. Flip, rotation and zoom are one warp (images:
bilinear, mirrored at the borders; masks: the nearest value, and a value of their own beyond the image). Contrast,
brightness and erasing follow, for images alone.

Sines, exponentials, roots and quotients come from tables: TensorFlow computes the last few elements of a vector with
other code than the rest, so the last bits of `tf.sin` would depend on the place of an example in the batch.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from kerastune_ft.data.annotations.masks import IGNORE
from kerastune_ft.graph.randomness import uniform
from kerastune_ft.input.rectangles import Rectangles, is_inside

_GREY = 127.0
_ERASED_AREA = (0.02, 0.2)
_ERASED_ASPECT = 2.0
_TABLE = 64 * 64


@dataclass(frozen=True)
class Changes:
    """The changes drawn for a batch; None for a kind of change that is switched off."""

    mirrors: tuple[tf.Tensor, tf.Tensor] | None = None
    """Whether each example is mirrored left to right, and top to bottom: [batch], bool."""
    affine: tf.Tensor | None = None
    """Flip, rotation and zoom in one, [batch, 8]: the map from a place in the result to its place in the image, as
    `ImageProjectiveTransformV3` takes it; `mirrors` is None then."""
    contrast: tf.Tensor | None = None
    """The relative change of the difference from the mean, [batch]."""
    brightness: tf.Tensor | None = None
    """The amount added to every value, as a share of 255, [batch]."""
    erased: Rectangles | None = None
    """The rectangles that are covered in grey."""


def augment(images: tf.Tensor, keys: tf.Tensor, ops: Mapping[str, Any]) -> tf.Tensor:
    """Return a batch of images [batch, height, width, 3] after random changes: float32, 0 to 255.

    Height and width are static; `keys` and `ops` are those of `draw`.
    """
    return on_images(images, draw(keys, ops, images.shape[1:3]))


def draw(keys: tf.Tensor, ops: Mapping[str, Any], shape: Sequence[int], site: str = "augment") -> Changes:
    """Draw the changes `ops` for a batch of images of height and width `shape`.

    `keys` comes from `example_keys`; `ops` from `Augment.resolve()`: `flip` "none", "horizontal" or "both", `rotate`
    the largest share of a full turn, `zoom` and `contrast` the largest relative change, `brightness` the largest shift
    as a share of 255, `erase` the probability of a grey rectangle. In `inverse_zoom`, of runs that began before `zoom`
    was so, it is the inverse of the enlargement that is drawn. Each `site` has draws of its own: two images of one
    example get the same geometry where they share a site.
    """
    height, width = shape
    is_warped = bool(ops["rotate"] or ops["zoom"] or ops.get("inverse_zoom"))
    is_flipped = not is_warped and ops["flip"] != "none"
    return Changes(
        mirrors=_draw_mirrors(keys, ops["flip"], site) if is_flipped else None,
        affine=_draw_affine(keys, ops, (height, width), site) if is_warped else None,
        contrast=_draw_spread(keys, f"{site}/contrast", ops["contrast"]) if ops["contrast"] else None,
        brightness=_draw_spread(keys, f"{site}/brightness", ops["brightness"]) if ops["brightness"] else None,
        erased=_draw_rectangles(keys, ops["erase"], (height, width), site) if ops["erase"] else None,
    )


def on_images(images: tf.Tensor, changes: Changes) -> tf.Tensor:
    """Apply changes to images [batch, height, width, 3] of any type; return float32, 0 to 255."""
    shape = images.shape
    changed = tf.cast(images, tf.float32)
    if changes.affine is not None:
        changed = _warp(changed, changes.affine, "BILINEAR", "REFLECT")
    elif changes.mirrors is not None:
        changed = _mirror(changed, changes.mirrors)
    if changes.contrast is not None:
        changed = _spread_contrast(changed, changes.contrast)
    if changes.brightness is not None:
        changed += 255.0 * changes.brightness[:, tf.newaxis, tf.newaxis, tf.newaxis]
    if changes.contrast is not None or changes.brightness is not None:
        changed = tf.clip_by_value(changed, 0.0, 255.0)
    if changes.erased is not None:
        changed = _erase(changed, changes.erased)
    return tf.ensure_shape(changed, shape)


def on_masks(masks: tf.Tensor, changes: Changes, outside: int = IGNORE) -> tf.Tensor:
    """Apply changes of images to their masks [batch, height, width]; return the same integer type.

    Every value is that of the nearest pixel of the mask, or `outside` beyond it. Pixels under an erased rectangle keep
    their class: the head learns to infer it from the pixels around.
    """
    changed = masks[..., tf.newaxis]
    if changes.affine is not None:
        changed = _warp(changed, changes.affine, "NEAREST", "CONSTANT", outside)
    elif changes.mirrors is not None:
        changed = _mirror(changed, changes.mirrors)
    return tf.ensure_shape(tf.squeeze(changed, -1), masks.shape)


def _draw_spread(keys: tf.Tensor, site: str, size: float) -> tf.Tensor:
    """Return one draw per example from [-size, size)."""
    return (2.0 * uniform(keys, site) - 1.0) * size


def _draw_row(keys: tf.Tensor, site: str, table: np.ndarray) -> tf.Tensor:
    """Return one row of the table for each example, all equally likely."""
    place = tf.cast(uniform(keys, site) * float(len(table)), tf.int32)
    return tf.gather(tf.constant(table, tf.float32), place)


def _draw_mirrors(keys: tf.Tensor, flip: str, site: str) -> tuple[tf.Tensor, tf.Tensor]:
    """Return for each example whether it is mirrored left to right, and top to bottom."""
    never = tf.zeros([tf.shape(keys)[0]], tf.bool)
    across = uniform(keys, f"{site}/flip_horizontal") < 0.5 if flip != "none" else never
    upright = uniform(keys, f"{site}/flip_vertical") < 0.5 if flip == "both" else never
    return across, upright


def _draw_affine(keys: tf.Tensor, ops: Mapping[str, Any], shape: tuple[int, int], site: str) -> tf.Tensor:
    """Draw flip, rotation and zoom about the centre as one map, [batch, 8]."""
    across, upright = _draw_mirrors(keys, ops["flip"], site)
    angles = np.linspace(-1.0, 1.0, _TABLE) * 2.0 * math.pi * ops["rotate"]
    turn = _draw_row(keys, f"{site}/rotate", np.stack([np.cos(angles), np.sin(angles)], axis=-1))
    # Rows of the map from a place in the result to its place in the image, about the centre.
    scale = _draw_step(keys, ops, site)
    cosine, sine = turn[:, 0] * scale, turn[:, 1] * scale
    x_sign, y_sign = tf.where(across, -1.0, 1.0), tf.where(upright, -1.0, 1.0)
    a, b, c, d = x_sign * cosine, -x_sign * sine, y_sign * sine, y_sign * cosine
    height, width = shape
    x, y = (width - 1) / 2.0, (height - 1) / 2.0
    none = tf.zeros_like(a)
    return tf.stack([a, b, x - a * x - b * y, c, d, y - c * x - d * y, none, none], axis=-1)


def _draw_step(keys: tf.Tensor, ops: Mapping[str, Any], site: str) -> tf.Tensor:
    """Draw by how many pixels of the image a step of one in the result goes on, [batch]: 1 / enlargement."""
    if inverse := ops.get("inverse_zoom"):
        return 1.0 + _draw_spread(keys, f"{site}/zoom", inverse)
    enlarged = 1.0 + ops["zoom"] * np.linspace(-1.0, 1.0, _TABLE)
    return _draw_row(keys, f"{site}/zoom", 1.0 / enlarged)


def _draw_rectangles(keys: tf.Tensor, probability: float, shape: tuple[int, int], site: str) -> Rectangles:
    """Draw one rectangle inside each example, with the given probability."""
    height, width = map(float, shape)
    draws = uniform(keys, f"{site}/erase", [3])
    sides = _draw_row(keys, f"{site}/erase_sides", _rectangle_sides())
    rows, columns = height * sides[:, 0], width * sides[:, 1]
    top, left = draws[:, 1] * (height - rows), draws[:, 2] * (width - columns)
    return Rectangles(draws[:, 0] < probability, top, left, top + rows, left + columns)


def _rectangle_sides() -> np.ndarray:
    """Return the sides of rectangles as shares of height and width: every area with every aspect, evenly spread."""
    count = math.isqrt(_TABLE)
    area = np.linspace(*_ERASED_AREA, count)[:, np.newaxis]
    aspect = np.geomspace(1.0 / _ERASED_ASPECT, _ERASED_ASPECT, count)
    return np.stack([np.sqrt(area * aspect), np.sqrt(area / aspect)], axis=-1).reshape(_TABLE, 2)


def _mirror(images: tf.Tensor, mirrors: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
    across, upright = (mirror[:, tf.newaxis, tf.newaxis, tf.newaxis] for mirror in mirrors)
    images = tf.where(across, tf.reverse(images, [2]), images)
    return tf.where(upright, tf.reverse(images, [1]), images)


def _warp(images: tf.Tensor, affine: tf.Tensor, interpolation: str, fill: str, outside: float = 0.0) -> tf.Tensor:
    """Return the images resampled by a map, in one step."""
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=affine,
        output_shape=list(images.shape[1:3]),
        interpolation=interpolation,
        fill_mode=fill,
        fill_value=float(outside),
    )


def _spread_contrast(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    # Sums of integers are the same in any order, so the mean does not depend on how threads divide the batch.
    total = tf.reduce_sum(tf.cast(tf.round(images), tf.int64), axis=[1, 2, 3], keepdims=True)
    mean = tf.cast(total, tf.float32) * (1.0 / images.shape[1:].num_elements())
    factor = 1.0 + amounts[:, tf.newaxis, tf.newaxis, tf.newaxis]
    return mean + (images - mean) * factor


def _erase(images: tf.Tensor, erased: Rectangles) -> tf.Tensor:
    """Return the images with their rectangles in grey."""
    return tf.where(is_inside(erased, images.shape[1:3])[..., tf.newaxis], _GREY, images)
