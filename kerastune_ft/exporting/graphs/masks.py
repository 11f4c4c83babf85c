"""Models of masks as graphs: those of images, whose answers are masks at the images' own sizes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import tensorflow as tf

from kerastune_ft.data.annotations.masks import IGNORE
from kerastune_ft.data.annotations.palette import choose_colours
from kerastune_ft.exporting.graphs.base import Endpoint, Tensors
from kerastune_ft.exporting.graphs.images import ImageGraphs
from kerastune_ft.inference.output.masks import choose_values
from kerastune_ft.input.decode import Geometry, find_window, fit_pixels


class MaskGraphs(ImageGraphs):
    """The endpoints of a model of masks: `any_size` gives masks, `fitted` the probabilities that they are made of."""

    form = "masks"

    def portable(self) -> list[Endpoint]:
        """Return `any_size`, of masks at the images' own size, and `fitted`, of probabilities at the model's."""
        any_size, fitted = super().portable()

        def answer(image: tf.Tensor) -> Tensors:
            classes = tf.argmax(any_size.call(image=image)[self.output_name], axis=-1, output_type=tf.int32)
            own = tf.shape(image)
            mask = restore_masks(classes, own[1], own[2], self.serving.geometry)
            return {"mask": tf.cast(mask, tf.uint8)}

        what = f"{any_size.what}; the mask has the number of a class for each pixel, {IGNORE} for one that is cut off"
        return [replace(any_size, what=what, call=answer), fitted]

    def raw(self) -> list[Endpoint]:
        """Return `files`, whose masks are PNG files of the images' own sizes, and the endpoints of `portable`."""
        any_size, fitted = self.portable()
        if self.intensity is not None:
            return [any_size, fitted]
        table = tf.constant(self.answers()["pixels"], tf.uint8)

        def answer_file(content: tf.Tensor) -> tf.Tensor:
            pixels = self._decode(content)
            image = tf.cast(fit_pixels(pixels, self.serving.geometry), tf.float32)[tf.newaxis]
            classes = tf.argmax(fitted.call(image=image)[self.output_name], axis=-1, output_type=tf.int32)
            own = tf.shape(pixels)
            mask = restore_masks(classes, own[0], own[1], self.serving.geometry)[0]
            return tf.io.encode_png(tf.gather(table, mask)[..., tf.newaxis])

        def answer_files(image_bytes: tf.Tensor) -> Tensors:
            return {"mask_png": tf.map_fn(answer_file, image_bytes, fn_output_signature=tf.string)}

        what = "the bytes of JPEG or PNG files; the answer to each is a PNG file with the values of the run's own masks"
        return [
            Endpoint("files", what, {"image_bytes": tf.TensorSpec([None], tf.string)}, answer_files),
            any_size,
            fitted,
        ]

    def answers(self) -> dict[str, Any]:
        """Return for mask files the value of a pixel by number of its class, and the colours of values, 0 to 255."""
        values = choose_values(self.serving.task.scheme)
        pixels, palette = np.zeros(IGNORE + 1, np.uint8), np.zeros((256, 3), np.uint8)
        pixels[: len(values)] = values
        palette[values] = choose_colours(self.serving.task.scheme)
        return {**super().answers(), "pixels": pixels.tolist(), "palette": palette.ravel().tolist()}


def restore_masks(fitted: tf.Tensor, height: tf.Tensor, width: tf.Tensor, geometry: Geometry) -> tf.Tensor:
    """Return masks [batch, height, width] of images' own size from masks of the size that the images were fitted to.

    It is `input.mask_geometry.restore_mask` for several masks, without integers that converters divide otherwise than
    TensorFlow: negative ones, and those of 64 bits.
    """
    top, left, rows, columns = find_window(height, width, geometry)
    below, beside = tf.range(height) - top, tf.range(width) - left
    found = restore_maps(fitted, height, width, geometry)
    inside = ((below >= 0) & (below < rows))[:, tf.newaxis] & ((beside >= 0) & (beside < columns))[tf.newaxis, :]
    return tf.where(inside[tf.newaxis], found, IGNORE)


def restore_maps(fitted: tf.Tensor, height: tf.Tensor, width: tf.Tensor, geometry: Geometry) -> tf.Tensor:
    """Return maps [batch, height, width, ...] of images' own size, each pixel as the nearest one that the model saw."""
    top, left, rows, columns = find_window(height, width, geometry)
    found = tf.gather(fitted, _find_nearest(tf.range(height) - top, rows, geometry.height), axis=1)
    return tf.gather(found, _find_nearest(tf.range(width) - left, columns, geometry.width), axis=2)


def _find_nearest(places: tf.Tensor, own_length: tf.Tensor, length: int) -> tf.Tensor:
    """Return the pixel of a side of `length` in which the centre of each place on a side of `own_length` lies."""
    inside = tf.minimum(tf.maximum(places, 0), own_length - 1)
    return (2 * inside + 1) * length // (2 * own_length)
