"""The saved model of images: what is put around the model that was trained, and how it is called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kerastune_ft.data.source import DataSource
from kerastune_ft.input.decode import Geometry, decode_pixels
from kerastune_ft.saved_model.base import Serving, ServingSettings
from kerastune_ft.tasks.base import Task

_RESIZE = "resize"


class ImageServing(Serving):
    """Decoded images [batch, height, width, 3] of any size, 0 to 255, to probabilities, values or maps of them."""

    def __init__(self, trained: keras.Model, task: Task, settings: ServingSettings, geometry: Geometry) -> None:
        """`geometry` is the shape that images are brought to before the trained model."""
        super().__init__(trained, task, settings)
        self.geometry = geometry

    def model(self) -> keras.Model:
        """Return the model that is saved; of stock layers, so that it opens with Keras alone, with the loader's resize.

        It takes decoded images [batch, height, width, 3] of any size, 0 to 255.
        """
        images = keras.Input((None, None, 3), name="image", dtype="float32")
        fitted = keras.layers.Resizing(
            self.geometry.height,
            self.geometry.width,
            interpolation="bilinear",
            crop_to_aspect_ratio=self.geometry.resize == "crop",
            pad_to_aspect_ratio=self.geometry.resize == "pad",
            antialias=True,
            name=_RESIZE,
        )(images)
        # The loader stores resized images as whole numbers. A call that leaves `training` open would run the layers
        # after Keras' Resizing in training mode, dropout included, since it is that layer's default; so it is not left
        # open.
        outputs = self.task.finish(self.copy()(keras.ops.round(fitted), training=False))
        return keras.Model(images, outputs, name=self.settings.name)

    def preprocessing(self) -> dict[str, Any]:
        """Return what preprocessing.json says of the way from an image to the model's outputs."""
        return {
            "input": "decoded RGB image, 0 to 255, any size",
            "resize": {
                "height": self.geometry.height,
                "width": self.geometry.width,
                "how": self.geometry.resize,
                "interpolation": "bilinear, antialiased",
            },
            "inside_the_model": ["resize", self.settings.preprocessing],
            "output": self.output_text,
        }

    def samples(self, source: DataSource, indices: Sequence[int]) -> list[tf.Tensor]:
        """Return decoded images of their own size."""
        return [decode_pixels(source.element(index)["image"]) for index in indices]

    def call(self, model: keras.Model, samples: Sequence[tf.Tensor]) -> np.ndarray:
        """Return what a saved model gives for decoded images, each fitted by itself: the resize is compared as well.

        What follows takes them at once, since a call of many layers takes long whatever it is of; the first image goes
        all the way by itself.
        """
        singles = [tf.cast(image, tf.float32)[tf.newaxis] for image in samples]
        resize = model.get_layer(_RESIZE)
        behind = keras.Model(resize.output, model.output)
        fitted = tf.concat([resize(single) for single in singles[1:]], 0) if singles[1:] else None
        parts = [model(singles[0]), *([] if fitted is None else [behind(fitted)])]
        return np.concatenate([np.asarray(part) for part in parts])
