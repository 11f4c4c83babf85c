"""Random changes to a batch of training images, their masks and boxes, every draw addressed by the example's key.

`draw` makes the draws once; `on_images`, `on_masks` and `on_boxes` apply them with the same geometry. An example's
result depends on its pixels and its key alone, never on the rest of the batch. Flip, rotation and zoom are one warp
(images: bilinear, mirrored at the borders, or of one value beyond them; masks: the nearest value, and a value of their
own beyond the image; boxes: the smallest upright box around the moved one). Contrast, brightness and erasing follow,
for images alone.

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
# A box of which less is left to see than this share of its area, or of pixels along a side, is no object any more.
_LEAST_VISIBLE, _LEAST_SIDE = 0.25, 2.0


@dataclass(frozen=True)
class Changes:
    """The changes drawn for a batch; None for a kind of change that is switched off."""

    shape: tuple[int, int]
    """Height and width of the images."""
    mirrors: tuple[tf.Tensor, tf.Tensor] | None = None
    """Whether each example is mirrored left to right, and top to bottom: [batch], bool."""
    affine: tf.Tensor | None = None
    """Flip, rotation and zoom in one, [batch, 8]: the map from a place in the result to its place in the image, as
    `ImageProjectiveTransformV3` takes it; `mirrors` is None then."""
    growth: tf.Tensor | None = None
    """The square of the enlargement in `affine`, [batch]: the transposed map times this is its inverse."""
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
    affine, growth = _draw_affine(keys, ops, (height, width), site) if is_warped else (None, None)
    return Changes(
        shape=(height, width),
        mirrors=_draw_mirrors(keys, ops["flip"], site) if is_flipped else None,
        affine=affine,
        growth=growth,
        contrast=_draw_spread(keys, f"{site}/contrast", ops["contrast"]) if ops["contrast"] else None,
        brightness=_draw_spread(keys, f"{site}/brightness", ops["brightness"]) if ops["brightness"] else None,
        erased=_draw_rectangles(keys, ops["erase"], (height, width), site) if ops["erase"] else None,
    )


def on_images(images: tf.Tensor, changes: Changes, fill: float | None = None) -> tf.Tensor:
    """Apply changes to images [batch, height, width, 3] of any type; return float32, 0 to 255.

    Beyond its borders an image is mirrored, or of the value `fill`.
    """
    shape = images.shape
    changed = tf.cast(images, tf.float32)
    if changes.affine is not None:
        beyond = ("REFLECT", 0.0) if fill is None else ("CONSTANT", fill)
        changed = _warp(changed, changes.affine, "BILINEAR", *beyond)
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


def on_boxes(boxes: tf.Tensor, changes: Changes) -> tf.Tensor:
    """Apply changes of images to their boxes [batch, boxes, 5 or more]; return the same.

    A row is xmin, ymin, xmax, ymax as edges in pixels, the number of a class, and whatever else; rows of class -1 are
    padding. A box becomes the smallest upright one around the moved rectangle, cut off at the borders. Where less than
    a quarter of that is inside, or less than 2 pixels of a side, the row becomes -1: training takes it for background.
    """
    if changes.affine is not None:
        moved, is_seen = _warp_boxes(boxes, changes.affine, changes.growth, changes.shape)
    elif changes.mirrors is not None:
        moved, is_seen = _mirror_boxes(boxes, changes.mirrors, changes.shape), tf.ones_like(boxes[..., 0], tf.bool)
    else:
        return boxes
    kept = is_seen & (boxes[..., 4] >= 0)
    changed = tf.where(kept[..., tf.newaxis], tf.concat([moved, boxes[..., 4:]], -1), -1.0)
    return tf.ensure_shape(changed, boxes.shape)


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


def _draw_affine(
    keys: tf.Tensor, ops: Mapping[str, Any], shape: tuple[int, int], site: str
) -> tuple[tf.Tensor, tf.Tensor]:
    """Draw flip, rotation and zoom about the centre as one map, [batch, 8], and the square of the enlargement."""
    across, upright = _draw_mirrors(keys, ops["flip"], site)
    angles = np.linspace(-1.0, 1.0, _TABLE) * 2.0 * math.pi * ops["rotate"]
    turn = _draw_row(keys, f"{site}/rotate", np.stack([np.cos(angles), np.sin(angles)], axis=-1))
    # Rows of the map from a place in the result to its place in the image, about the centre.
    scale, growth = _draw_step(keys, ops, site)
    cosine, sine = turn[:, 0] * scale, turn[:, 1] * scale
    x_sign, y_sign = tf.where(across, -1.0, 1.0), tf.where(upright, -1.0, 1.0)
    a, b, c, d = x_sign * cosine, -x_sign * sine, y_sign * sine, y_sign * cosine
    height, width = shape
    x, y = (width - 1) / 2.0, (height - 1) / 2.0
    none = tf.zeros_like(a)
    return tf.stack([a, b, x - a * x - b * y, c, d, y - c * x - d * y, none, none], axis=-1), growth


def _draw_step(keys: tf.Tensor, ops: Mapping[str, Any], site: str) -> tuple[tf.Tensor, tf.Tensor]:
    """Draw by how many pixels of the image a step of one in the result goes on, [batch]: 1 / enlargement.

    The second is the square of the enlargement.
    """
    if inverse := ops.get("inverse_zoom"):
        step = 1.0 + _draw_spread(keys, f"{site}/zoom", inverse)
        return step, 1.0 / (step * step)
    enlarged = 1.0 + ops["zoom"] * np.linspace(-1.0, 1.0, _TABLE)
    drawn = _draw_row(keys, f"{site}/zoom", np.stack([1.0 / enlarged, enlarged**2], axis=-1))
    return drawn[:, 0], drawn[:, 1]


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


def _mirror_boxes(boxes: tf.Tensor, mirrors: tuple[tf.Tensor, tf.Tensor], shape: Sequence[int]) -> tf.Tensor:
    """Return the corners of mirrored boxes, [batch, boxes, 4]."""
    across, upright = (mirror[:, tf.newaxis] for mirror in mirrors)
    height, width = map(float, shape)
    left, top, right, bottom = (boxes[..., column] for column in range(4))
    corners = (
        tf.where(across, width - right, left),
        tf.where(upright, height - bottom, top),
        tf.where(across, width - left, right),
        tf.where(upright, height - top, bottom),
    )
    return tf.stack(corners, -1)


def _warp_boxes(
    boxes: tf.Tensor, affine: tf.Tensor, growth: tf.Tensor, shape: Sequence[int]
) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the corners of moved boxes [batch, boxes, 4], and which of them are still to be seen [batch, boxes]."""
    height, width = map(float, shape)
    # Slices and not `[:, i, tf.newaxis]`, whose new axis TensorFlow loses in a graph.
    a, b, x, c, d, y = (affine[:, column : column + 1] for column in range(6))
    grown = growth[:, tf.newaxis]
    across, upright = 0.5 * (boxes[..., 2] - boxes[..., 0]), 0.5 * (boxes[..., 3] - boxes[..., 1])
    # Edges are half a pixel away from the centres of pixels, by which the map goes.
    from_x = 0.5 * (boxes[..., 0] + boxes[..., 2]) - 0.5 - x
    from_y = 0.5 * (boxes[..., 1] + boxes[..., 3]) - 0.5 - y
    centre_x = (a * from_x + c * from_y) * grown + 0.5
    centre_y = (b * from_x + d * from_y) * grown + 0.5
    half_x = (tf.abs(a) * across + tf.abs(c) * upright) * grown
    half_y = (tf.abs(b) * across + tf.abs(d) * upright) * grown
    left, right = (tf.clip_by_value(edge, 0.0, width) for edge in (centre_x - half_x, centre_x + half_x))
    top, bottom = (tf.clip_by_value(edge, 0.0, height) for edge in (centre_y - half_y, centre_y + half_y))
    columns, rows = right - left, bottom - top
    is_seen = columns * rows >= _LEAST_VISIBLE * 4.0 * half_x * half_y
    is_seen &= (columns >= _LEAST_SIDE) & (rows >= _LEAST_SIDE)
    return tf.stack([left, top, right, bottom], -1), is_seen


def _spread_contrast(images: tf.Tensor, amounts: tf.Tensor) -> tf.Tensor:
    # Sums of integers are the same in any order, so the mean does not depend on how threads divide the batch.
    total = tf.reduce_sum(tf.cast(tf.round(images), tf.int64), axis=[1, 2, 3], keepdims=True)
    mean = tf.cast(total, tf.float32) * (1.0 / images.shape[1:].num_elements())
    factor = 1.0 + amounts[:, tf.newaxis, tf.newaxis, tf.newaxis]
    return mean + (images - mean) * factor


def _erase(images: tf.Tensor, erased: Rectangles) -> tf.Tensor:
    """Return the images with their rectangles in grey."""
    return tf.where(is_inside(erased, images.shape[1:3])[..., tf.newaxis], _GREY, images)
