"""Decodes images and fits them to the size that a backbone takes.

All functions are TensorFlow ops, so training and prediction share them. TensorFlow cannot decode some formats exactly
(BMP with a palette, TIFF): `data.images` rewrites such files as PNG before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import tensorflow as tf

from kerastune_ft.data.images.reading import decode_natively
from kerastune_ft.data.source import DataSource

LARGEST_PADDED = 1 << 26
"""The number of pixels of a padded image beyond which it is resized one side after the other, to save memory."""

BACKGROUND = 255.0
"""The value that shows through transparent pixels: white, as in a browser or viewer."""


@dataclass(frozen=True)
class Geometry:
    """The size that images are brought to, and how.

    `crop` keeps the largest centred part of the right proportions, `pad` keeps all of it between black bars, `stretch`
    keeps all of it and distorts.
    """

    height: int
    width: int
    resize: Literal["crop", "pad", "stretch"] = "crop"


def decode_image(image: tf.Tensor, geometry: Geometry) -> tf.Tensor:
    """Return an image fitted to `geometry`, uint8 [height, width, 3], from encoded bytes or an array of 0 to 255.

    An array is [height, width] or [height, width, channels]: 1 is grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha.
    The pixels are those of `keras.layers.Resizing` with antialiasing, rounded.
    """
    return fit_pixels(decode_pixels(image), geometry)


def fit_pixels(pixels: tf.Tensor, geometry: Geometry) -> tf.Tensor:
    """Return an RGB image of any size fitted to `geometry`, rounded, uint8 [height, width, 3]."""
    return tf.saturate_cast(tf.round(fit(pixels, geometry)), tf.uint8)


def read_pixels(source: DataSource, fields: Mapping[str, tf.Tensor]) -> tf.Tensor:
    """Return the RGB image [height, width, 3] of an example, of its own size, from its fields in the source."""
    return decode_pixels(fields["image"], fields.get("orientation"), source.rules.accurate_decoding)


def decode_pixels(image: tf.Tensor, orientation: tf.Tensor | None = None, is_accurate: bool = True) -> tf.Tensor:
    """Return an RGB image [height, width, 3] of its own size from encoded bytes or an array.

    It is turned by the EXIF `orientation`. `is_accurate` says that JPEG is decoded as Pillow does.
    """
    if image.dtype == tf.string:
        image = decode_natively(image, is_accurate)
        image.set_shape([None, None, None])
    if image.shape.rank == 2:
        image = image[:, :, tf.newaxis]
    pixels = to_opaque_rgb(image)
    return pixels if orientation is None else turn_pixels(pixels, orientation)


def turn_pixels(image: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    """Return an image [height, width, 3] that is stored with this EXIF orientation as viewers show it."""

    def is_one_of(*orientations: int) -> tf.Tensor:
        return tf.reduce_any(orientation == tf.constant(orientations, orientation.dtype))

    image = tf.cond(orientation >= 5, lambda: tf.transpose(image, [1, 0, 2]), lambda: image)
    image = tf.cond(is_one_of(2, 3, 6, 7), lambda: image[:, ::-1], lambda: image)
    image = tf.cond(is_one_of(3, 4, 7, 8), lambda: image[::-1], lambda: image)
    return tf.ensure_shape(image, [None, None, 3])


def to_opaque_rgb(image: tf.Tensor) -> tf.Tensor:
    """Return [height, width, 3] from an image of one to four channels: grey repeated, alpha laid over white."""
    if image.shape[-1] == 3:
        return image
    if image.shape[-1] is not None:
        return _flatten_alpha(image)
    rgb = tf.cond(tf.shape(image)[-1] == 3, lambda: image, lambda: _flatten_alpha(image))
    return tf.ensure_shape(rgb, [None, None, 3])


def fit(image: tf.Tensor, geometry: Geometry) -> tf.Tensor:
    """Return the image resized to `geometry`, float32: bilinear, antialiased when it shrinks."""
    if geometry.resize == "pad":
        resized = _fit_with_bars(image, geometry)
    else:
        resized = _resize(_crop(image, geometry) if geometry.resize == "crop" else image, geometry)
    return tf.ensure_shape(resized, [geometry.height, geometry.width, 3])


def _resize(image: tf.Tensor, geometry: Geometry) -> tf.Tensor:
    return _resize_to(image, [geometry.height, geometry.width])


def _resize_to(image: tf.Tensor, size: Sequence[int | tf.Tensor]) -> tf.Tensor:
    return tf.cast(tf.image.resize(image, tf.stack(size), method="bilinear", antialias=True), tf.float32)


def _flatten_alpha(image: tf.Tensor) -> tf.Tensor:
    channels = tf.shape(image)[-1]
    values = tf.cast(image, tf.float32)
    colour = tf.cond(channels >= 3, lambda: values[..., :3], lambda: tf.repeat(values[..., :1], 3, axis=-1))
    has_alpha = channels % 2 == 0
    alpha = tf.cond(has_alpha, lambda: values[..., -1:] / 255.0, lambda: tf.ones_like(values[..., :1]))
    return tf.saturate_cast(tf.round(colour * alpha + BACKGROUND * (1.0 - alpha)), image.dtype)


def find_window(
    height: tf.Tensor, width: tf.Tensor, geometry: Geometry
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
    """Return the part of an image of this size that `fit` shows: top, left, rows and columns in the image's own pixels.

    Top or left is negative where bars are added. The arithmetic is in float32 and truncated to integers, as in Keras: a
    difference of one pixel would change the whole result.
    """
    if geometry.resize == "stretch":
        return tf.zeros_like(height), tf.zeros_like(width), height, width
    other_height = tf.cast(tf.cast(width * geometry.height, tf.float32) / float(geometry.width), tf.int32)
    other_width = tf.cast(tf.cast(height * geometry.width, tf.float32) / float(geometry.height), tf.int32)
    if geometry.resize == "crop":
        rows = tf.maximum(tf.minimum(height, other_height), 1)
        columns = tf.maximum(tf.minimum(width, other_width), 1)
        return (height - rows) // 2, (width - columns) // 2, rows, columns
    above = (tf.maximum(height, other_height) - height) // 2
    beside = (tf.maximum(width, other_width) - width) // 2
    return -above, -beside, height + 2 * above, width + 2 * beside


def _crop(image: tf.Tensor, geometry: Geometry) -> tf.Tensor:
    shape = tf.shape(image)
    top, left, rows, columns = find_window(shape[0], shape[1], geometry)
    return image[top : top + rows, left : left + columns]


def _fit_with_bars(image: tf.Tensor, geometry: Geometry) -> tf.Tensor:
    shape = tf.shape(image)
    height, width = shape[0], shape[1]
    top, left, all_rows, all_columns = find_window(height, width, geometry)
    above, beside = -top, -left
    bars = [[above, above], [beside, beside], [0, 0]]

    def at_once() -> tf.Tensor:
        return _resize(tf.pad(image, bars), geometry)

    def side_by_side() -> tf.Tensor:
        # With bars a long thin image would take gigabytes, so it is first shrunk along the side without bars.
        rows = tf.where(above > 0, height, geometry.height)
        columns = tf.where(beside > 0, width, geometry.width)
        return _resize(tf.pad(_resize_to(image, [rows, columns]), bars), geometry)

    area = tf.cast(all_rows, tf.int64) * tf.cast(all_columns, tf.int64)
    return tf.cond(area > LARGEST_PADDED, side_by_side, at_once)
