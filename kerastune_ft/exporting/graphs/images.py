"""Image models as graphs: decoded images of any size, images of the model's own size, and bytes of files."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import keras
import tensorflow as tf

from kerastune_ft.exporting.graphs.base import Endpoint, Graphs, Tensors
from kerastune_ft.exporting.graphs.resize import resize
from kerastune_ft.saved_model.images import ImageServing


class ImageGraphs(Graphs):
    """The endpoints `any_size` and `fitted` of a model of images.

    `any_size` resizes as in training: two products of matrices, which every converter knows, in the place of the
    antialiased resizing of TensorFlow, which none does. `fitted` leaves it out.
    """

    form = "image"
    serving: ImageServing

    @cached_property
    def model(self) -> keras.Model:
        """Return the model from images of its own size, 0 to 255, to answers."""
        geometry = self.serving.geometry
        images = keras.Input((geometry.height, geometry.width, 3), name="image", dtype="float32")
        return keras.Model(images, self.serving.finish(images, self.answer), name="fitted")

    @property
    def intensity(self) -> tuple[float, float] | None:
        """Return the range of values that becomes 0 to 255; None where images are of 8 bits."""
        return self.serving.reading.intensity

    def portable(self) -> list[Endpoint]:
        """Return `any_size` and `fitted`."""
        # Now, since no model can be made while a graph is traced.
        geometry, _ = self.serving.geometry, self.portable_model
        low, high = self.intensity or (0, 255)
        kind = tf.uint8 if self.intensity is None else tf.float32
        fitted = tf.TensorSpec([None, geometry.height, geometry.width, 3], tf.float32)
        return [
            Endpoint(
                "any_size",
                f"decoded RGB images of one size, any, of values {low:g} to {high:g}; they are resized inside",
                {"image": tf.TensorSpec([None, None, None, 3], kind)},
                lambda image: self._answer(resize(self._map(image), geometry)),
            ),
            Endpoint(
                "fitted",
                f"RGB images of {geometry.height} x {geometry.width} pixels, 0 to 255, resized before",
                {"image": fitted},
                self._answer,
            ),
        ]

    def raw(self) -> list[Endpoint]:
        """Return the same as `portable`."""
        return self.portable()

    def preprocessing(self) -> dict[str, Any]:
        """Return the content of preprocessing.json, with what predict.py needs to read files under `image`."""
        geometry, reading = self.serving.geometry, self.serving.reading
        about = {
            "height": geometry.height,
            "width": geometry.width,
            "resize": geometry.resize,
            "exif": "apply" if reading.turns else "ignore",
            "intensity": None if self.intensity is None else list(self.intensity),
        }
        return {**super().preprocessing(), "image": about}

    def _answer(self, image: tf.Tensor) -> Tensors:
        return self.name_outputs(self.portable_model(image, training=False))

    def _map(self, image: tf.Tensor) -> tf.Tensor:
        """Return images of the run's range as 0 to 255, as files are read in training."""
        values = tf.cast(image, tf.float32)
        if self.intensity is None:
            return values
        low, high = self.intensity
        return tf.round(tf.clip_by_value((values - low) * (255.0 / (high - low)), 0.0, 255.0))
