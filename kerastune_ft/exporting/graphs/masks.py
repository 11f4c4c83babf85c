"""Models of masks as graphs: those of images, whose answers are masks at the images' own sizes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import tensorflow as tf

from kerastune_ft.data.annotations.masks import IGNORE
from kerastune_ft.data.annotations.palette import PALETTE
from kerastune_ft.exporting.graphs.base import Endpoint, Tensors
from kerastune_ft.exporting.graphs.images import ImageGraphs
from kerastune_ft.inference.output.masks import choose_values
from kerastune_ft.input.decode import Geometry, find_window


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

    def answers(self) -> dict[str, Any]:
        """Return the values and colours of pixels in mask files, in the order of the classes."""
        scheme = self.serving.task.scheme
        values = choose_values(scheme)
        return {**super().answers(), "pixels": values, "colours": PALETTE[: len(scheme.names)].tolist()}


def restore_masks(fitted: tf.Tensor, height: tf.Tensor, width: tf.Tensor, geometry: Geometry) -> tf.Tensor:
    """Return masks [batch, height, width] of images' own size from masks of the size that the images were fitted to.

    It is `input.mask_geometry.restore_mask` for several masks, without integers that converters divide otherwise than
    TensorFlow: negative ones, and those of 64 bits.
    """
    top, left, rows, columns = find_window(height, width, geometry)
    below, beside = tf.range(height) - top, tf.range(width) - left
    found = tf.gather(fitted, _find_nearest(below, rows, geometry.height), axis=1)
    found = tf.gather(found, _find_nearest(beside, columns, geometry.width), axis=2)
    inside = ((below >= 0) & (below < rows))[:, tf.newaxis] & ((beside >= 0) & (beside < columns))[tf.newaxis, :]
    return tf.where(inside[tf.newaxis], found, IGNORE)


def _find_nearest(places: tf.Tensor, own_length: tf.Tensor, length: int) -> tf.Tensor:
    """Return the pixel of a side of `length` in which the centre of each place on a side of `own_length` lies."""
    inside = tf.minimum(tf.maximum(places, 0), own_length - 1)
    return (2 * inside + 1) * length // (2 * own_length)
