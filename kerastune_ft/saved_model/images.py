"""The saved model of images: images of any size in, resized inside the model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kerastune_ft.data.source import DataSource
from kerastune_ft.input.decode import Geometry, read_pixels
from kerastune_ft.saved_model.base import Serving, ServingSettings
from kerastune_ft.tasks.base import Task

_RESIZE = "resize"


class ImageServing(Serving):
    """Takes decoded images [batch, height, width, 3] of any size, 0 to 255; gives the outputs of a task."""

    def __init__(self, trained: keras.Model, task: Task, settings: ServingSettings, geometry: Geometry) -> None:
        """`geometry` is the size that images are resized to before the trained model."""
        super().__init__(trained, task, settings)
        self.geometry = geometry

    def model(self) -> keras.Model:
        """Return the model to save: decoded images [batch, height, width, 3] of any size, 0 to 255, to its outputs.

        It is of stock layers, so that it opens with Keras alone, and resizes exactly as the data loader does.
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
        # Rounded, since the loader gives resized images as integers. `training` is set: Keras' Resizing defaults to
        # training mode and would pass it on to the layers behind it, dropout included.
        outputs = self.task.finish(self.copy()(keras.ops.round(fitted), training=False))
        return keras.Model(images, outputs, name=self.settings.name)

    def preprocessing(self) -> dict[str, Any]:
        """Return the content of preprocessing.json: the image that the model takes, its resizing and its outputs."""
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
        """Return decoded images [height, width, 3] of their own sizes."""
        return [read_pixels(source, source.element(index)) for index in indices]

    def call(self, model: keras.Model, samples: Sequence[tf.Tensor]) -> np.ndarray:
        """Return the outputs of a saved model for decoded images, each resized by itself.

        The first image goes through the whole model alone. The others go through the layers behind the resizing
        together, since calling many layers one image at a time is slow.
        """
        singles = [tf.cast(image, tf.float32)[tf.newaxis] for image in samples]
        resize = model.get_layer(_RESIZE)
        behind = keras.Model(resize.output, model.output)
        fitted = tf.concat([resize(single) for single in singles[1:]], 0) if singles[1:] else None
        parts = [model(singles[0]), *([] if fitted is None else [behind(fitted)])]
        return np.concatenate([np.asarray(part) for part in parts])
