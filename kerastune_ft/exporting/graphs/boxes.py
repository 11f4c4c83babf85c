"""Models of boxes as graphs: those of images, whose answers are boxes in the pixels of what was given."""

from __future__ import annotations

from dataclasses import replace

import tensorflow as tf

from kerastune_ft.exporting.graphs.base import Endpoint, Tensors
from kerastune_ft.exporting.graphs.images import ImageGraphs
from kerastune_ft.input.decode import Geometry, find_window, fit_pixels

DETECTIONS = "detections"
_ROWS = "xmin, ymin, xmax, ymax, class number and score of each box, the best first, and rows of -1 after the last"


class BoxGraphs(ImageGraphs):
    """The endpoints of a model of boxes: `any_size` gives them in pixels of the images, `fitted` in the model's own.

    Suppression of boxes that overlap is inside, of stock operations alone.
    """

    form = "boxes"

    @property
    def output_name(self) -> str:
        """Return `detections`."""
        return DETECTIONS

    def portable(self) -> list[Endpoint]:
        """Return `any_size` and `fitted`, whose detections are [batch, boxes, 6]."""
        any_size, fitted = super().portable()

        def answer(image: tf.Tensor) -> Tensors:
            own = tf.shape(image)
            return self._restore(any_size.call(image=image), own[1], own[2])

        return [
            replace(any_size, what=f"{any_size.what}; {_ROWS}, in pixels of the images", call=answer),
            replace(fitted, what=f"{fitted.what}; {_ROWS}, in pixels of these"),
        ]

    def raw(self) -> list[Endpoint]:
        """Return `files`, of bytes as they are, and endpoints as in `portable` that resize exactly as training does."""
        any_size, fitted = self.portable()
        own = self.serving.geometry
        spec, size = tf.TensorSpec([own.height, own.width, 3], tf.uint8), tf.TensorSpec([2], tf.int32)

        def fit(image: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            return fit_pixels(image, own), tf.shape(image)[:2]

        def answer_all(given: tf.Tensor, sizes: tf.Tensor) -> Tensors:
            found = fitted.call(image=tf.cast(given, tf.float32))
            return self.add_labels(self._restore(found, sizes[:, 0], sizes[:, 1]))

        def answer_images(image: tf.Tensor) -> Tensors:
            return answer_all(*tf.map_fn(fit, self._map(image), fn_output_signature=(spec, size)))

        def answer_files(image_bytes: tf.Tensor) -> Tensors:
            pairs = tf.map_fn(lambda content: fit(self._decode(content)), image_bytes, fn_output_signature=(spec, size))
            return answer_all(*pairs)

        what = (
            "the bytes of JPEG or PNG files of 8 bits per channel, turned as EXIF says and resized inside; "
            f"{_ROWS}, in pixels of the images as they are turned"
        )
        files = Endpoint("files", what, {"image_bytes": tf.TensorSpec([None], tf.string)}, answer_files)
        images = replace(any_size, call=answer_images)
        plain = fitted.call
        fitted = replace(fitted, call=lambda image: self.add_labels(plain(image=image)))
        return [*([files] if self.intensity is None else []), images, fitted]

    def add_labels(self, outputs: Tensors) -> Tensors:
        """Return detections with the names of their classes [batch, boxes]; empty where there is no box."""
        numbers = tf.cast(outputs[DETECTIONS][..., 4], tf.int32)
        names = tf.constant(["", *self.serving.task.scheme.names])
        return {**outputs, "labels": tf.gather(names, numbers + 1)}

    def _restore(self, outputs: Tensors, height: tf.Tensor, width: tf.Tensor) -> Tensors:
        return {**outputs, DETECTIONS: restore_boxes(outputs[DETECTIONS], height, width, self.serving.geometry)}


def restore_boxes(detections: tf.Tensor, height: tf.Tensor, width: tf.Tensor, geometry: Geometry) -> tf.Tensor:
    """Return detections [batch, boxes, 6] in pixels of images' own sizes, cut off at their sides; a graph function.

    Those given are in pixels of the size that the images were fitted to. `height` and `width` are those of all images,
    or of each [batch]. Rows of -1 stay what they are.
    """
    top, left, rows, columns = find_window(height, width, geometry)
    across = _move(detections[..., 0:4:2], left, columns, width, geometry.width)
    upright = _move(detections[..., 1:4:2], top, rows, height, geometry.height)
    corners = tf.concat([across[..., :1], upright[..., :1], across[..., 1:], upright[..., 1:]], axis=-1)
    return tf.where(detections[..., 5:] < 0.0, detections, tf.concat([corners, detections[..., 4:]], axis=-1))


def _move(places: tf.Tensor, start: tf.Tensor, length: tf.Tensor, whole: tf.Tensor, fitted: int) -> tf.Tensor:
    """Return places along a side of `fitted` pixels, which shows `length` of `whole` from `start` on, in own pixels."""
    begin, span, most = (tf.reshape(tf.cast(each, tf.float32), [-1, 1, 1]) for each in (start, length, whole))
    return tf.minimum(tf.maximum(begin + places * (span / float(fitted)), 0.0), most)
