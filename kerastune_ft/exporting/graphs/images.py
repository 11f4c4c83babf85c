"""Image models as graphs: decoded images of any size, images of the model's own size, and bytes of files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import Any

import keras
import tensorflow as tf

from kerastune_ft.exporting.graphs.base import Endpoint, Graphs, Tensors
from kerastune_ft.exporting.graphs.exif import find_orientation
from kerastune_ft.exporting.graphs.resize import resize
from kerastune_ft.input.decode import decode_pixels, fit_pixels
from kerastune_ft.saved_model.images import ImageServing

# What stands before the depth of a PNG's channels, and what is put behind shorter files.
_PNG = b"\x89PNG\r\n\x1a\n" + bytes(16)
_NOTHING = bytes(32)


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
                lambda image: self._answer(self.fit_portably(image)),
            ),
            Endpoint(
                "fitted",
                f"RGB images of {geometry.height} x {geometry.width} pixels, 0 to 255, resized before",
                {"image": fitted},
                self._answer,
            ),
        ]

    def raw(self) -> list[Endpoint]:
        """Return `files`, of bytes as they are, and endpoints as in `portable` that resize exactly as training does.

        Runs that map a range of values have no `files`: which values a file has is for its reader to say.
        """
        any_size, fitted = self.portable()

        def answer_images(image: tf.Tensor) -> Tensors:
            return self.add_labels(fitted.call(image=self.fit_exactly(image)))

        def answer_files(image_bytes: tf.Tensor) -> Tensors:
            return self.add_labels(fitted.call(image=self.fit_files(image_bytes)))

        what = "the bytes of JPEG or PNG files of 8 bits per channel, turned as EXIF says and resized inside"
        files = Endpoint("files", what, {"image_bytes": tf.TensorSpec([None], tf.string)}, answer_files)
        images = replace(any_size, call=answer_images)
        fitted = replace(fitted, call=lambda image: self.add_labels(self._answer(image)))
        return [*([files] if self.intensity is None else []), images, fitted]

    def preprocessing(self, inputs: str = "portable") -> dict[str, Any]:
        """Return the content of preprocessing.json, with what predict.py needs to read files under `image`."""
        geometry, reading = self.serving.geometry, self.serving.reading
        about = {
            "height": geometry.height,
            "width": geometry.width,
            "resize": geometry.resize,
            "exif": "apply" if reading.turns else "ignore",
            "intensity": None if self.intensity is None else list(self.intensity),
        }
        return {**super().preprocessing(inputs), "image": about}

    def fit_portably(self, image: tf.Tensor) -> tf.Tensor:
        """Return images of one size, in the run's range, as the model takes them; of operations converters know."""
        return resize(self._map(image), self.serving.geometry)

    def fit_exactly(self, image: tf.Tensor) -> tf.Tensor:
        """Return images of one size, in the run's range, as the model takes them, resized as in training."""
        return self._fit_each(lambda each: each, self._map(image))

    def fit_files(self, contents: tf.Tensor) -> tf.Tensor:
        """Return the images of files, whose bytes are given, as the model takes them, read as in training."""
        return self._fit_each(self._decode, contents)

    def _fit_each(self, read: Callable[[tf.Tensor], tf.Tensor], given: tf.Tensor) -> tf.Tensor:
        own = self.serving.geometry
        spec = tf.TensorSpec([own.height, own.width, 3], tf.uint8)
        return tf.cast(tf.map_fn(lambda each: fit_pixels(read(each), own), given, fn_output_signature=spec), tf.float32)

    def _answer(self, image: tf.Tensor) -> Tensors:
        return self.name_outputs(self.portable_model(image, training=False))

    def _decode(self, content: tf.Tensor) -> tf.Tensor:
        """Return the pixels of a file as training reads them."""
        depth = tf.io.decode_raw(tf.strings.substr(tf.strings.join([content, _NOTHING]), len(_PNG), 1), tf.uint8)[0]
        is_deep = tf.strings.regex_full_match(tf.strings.substr(content, 1, 3), "PNG") & (depth == 16)
        with tf.control_dependencies([tf.debugging.Assert(~is_deep, ["the image has more than 8 bits per channel"])]):
            orientation = find_orientation(content) if self.serving.reading.turns else None
            return decode_pixels(content, orientation, self.serving.reading.rules.accurate_decoding)

    def _map(self, image: tf.Tensor) -> tf.Tensor:
        """Return images of the run's range as 0 to 255, as files are read in training."""
        values = tf.cast(image, tf.float32)
        if self.intensity is None:
            return values
        low, high = self.intensity
        return tf.round(tf.clip_by_value((values - low) * (255.0 / (high - low)), 0.0, 255.0))
