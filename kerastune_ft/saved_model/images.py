"""The saved model of images: images of any size in, resized inside the model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kerastune_ft.data.images.reading import ImageReading
from kerastune_ft.data.source import DataSource
from kerastune_ft.input.decode import Geometry, read_pixels
from kerastune_ft.saved_model.base import Answer, Serving, ServingSettings
from kerastune_ft.tasks.base import Task
from kerastune_ft.tiles.grid import Grid

_RESIZE, _IMAGE = "resize", "image"


class ImageServing(Serving):
    """Takes decoded images [batch, height, width, 3] of any size, in the run's range; gives the outputs of a task."""

    def __init__(
        self,
        trained: keras.Model,
        task: Task,
        settings: ServingSettings,
        geometry: Geometry,
        reading: ImageReading | None = None,
        grid: Grid | None = None,
    ) -> None:
        """`geometry` is the size that images are resized to before the trained model, `reading` how files are read.

        With a `grid` the model takes tiles of pictures, which lie as it says.
        """
        super().__init__(trained, task, settings)
        self.grid = grid
        self.geometry, self.reading = geometry, reading or ImageReading()
        # Models of earlier runs take what was mapped before.
        self._range = self.reading.intensity if self.reading.rules.saves_range else None

    def model(self, answer: Answer | None = None) -> keras.Model:
        """Return the model to save: decoded images [batch, height, width, 3] of any size to its outputs.

        Their values are 0 to 255, or those of `data.intensity`, which it maps to 0 to 255. It is of stock layers, so
        that it opens with Keras alone, and maps and resizes exactly as training does.
        """
        inputs, taken = self.begin(_IMAGE)
        # `training` is set there: Keras' Resizing defaults to training mode and would pass it on to the layers behind
        # it, dropout included.
        outputs = self.finish(taken[_IMAGE], answer)
        if answer is None:
            outputs = self.task.restore(outputs, inputs[_IMAGE], self.geometry)
        return keras.Model(inputs[_IMAGE], outputs, name=self.settings.name)

    def begin(self, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return decoded images of any size as a symbolic input, and the images of the model's size made of them."""
        images = keras.Input((None, None, 3), name=name, dtype="float32")
        fitted = keras.layers.Resizing(
            self.geometry.height,
            self.geometry.width,
            interpolation="bilinear",
            crop_to_aspect_ratio=self.geometry.resize == "crop",
            pad_to_aspect_ratio=self.geometry.resize == "pad",
            antialias=True,
            name=_RESIZE if name == _IMAGE else f"{_RESIZE}_{name}",
        )(images if self._range is None else _map_range(images, *self._range))
        # Rounded, since the loader gives resized images as integers.
        return {name: images}, {name: keras.ops.round(fitted)}

    def preprocessing(self) -> dict[str, Any]:
        """Return the content of preprocessing.json: the image that the model takes, its resizing and its outputs."""
        low, high = self._range or (0, 255)
        inside = [] if self._range is None else [f"{low:g} to {high:g} become 0 to 255, cut off beyond and rounded"]
        return {
            "input": f"decoded RGB image, {low:g} to {high:g}, any size",
            **self._describe_decoding(low, high),
            **({} if self.grid is None else {"tiles": _describe_grid(self.grid)}),
            "resize": {
                "height": self.geometry.height,
                "width": self.geometry.width,
                "how": self.geometry.resize,
                "interpolation": "bilinear, antialiased",
            },
            "inside_the_model": [*inside, "resize", self.settings.preprocessing],
            "output": self.output_text,
        }

    def _describe_decoding(self, low: float, high: float) -> dict[str, Any]:
        """Return what to do with a file so that the saved model answers as `predict` does."""
        if not self.reading.rules.saves_range:
            return {}
        turned = (
            "first turn photos by PIL.ImageOps.exif_transpose, which load_img does not do (data.exif apply)"
            if self.reading.exif == "apply"
            else "as they are stored, whatever EXIF says; Pillow turns TIFF by itself (data.exif ignore)"
        )
        pixels = "keras.utils.load_img and Pillow give the pixels of training"
        if self._range is not None:
            pixels = (
                f"the values of the file or array as they are, {low:g} to {high:g}; pictures of 8 bits, whose 0 to 255 "
                f"are no values of this range, as {low:g} + pixels / 255 * {high - low:g}"
            )
        grey = "in all three channels"
        return {
            "range": [low, high],
            "decode": {"pixels": pixels, "grey": grey, "transparent": "laid on white", "orientation": turned},
        }

    def samples(self, source: DataSource, indices: Sequence[int]) -> list[tf.Tensor]:
        """Return decoded images [height, width, 3] of their own sizes, in the range that the saved model takes."""
        pixels = [read_pixels(source, source.element(index)) for index in indices]
        if self._range is None:
            return pixels
        low, high = self._range
        # Sources give what was mapped already.
        return [tf.cast(image, tf.float32) * ((high - low) / 255.0) + low for image in pixels]

    def call(self, model: keras.Model, samples: Sequence[tf.Tensor]) -> np.ndarray:
        """Return the outputs of a saved model for decoded images, each resized by itself.

        The first image goes through the whole model alone. The others go through the layers behind the resizing
        together, since calling many layers one image at a time is slow.
        """
        singles = [tf.cast(image, tf.float32)[tf.newaxis] for image in samples]
        if self.task.reads_image_size:
            return np.concatenate([np.asarray(model(single)) for single in singles])
        resize = model.get_layer(_RESIZE)
        before, behind = keras.Model(model.input, resize.output), keras.Model(resize.output, model.output)
        fitted = tf.concat([before(single) for single in singles[1:]], 0) if singles[1:] else None
        parts = [model(singles[0]), *([] if fitted is None else [behind(fitted)])]
        return np.concatenate([np.asarray(part) for part in parts])


def _describe_grid(grid: Grid) -> dict[str, Any]:
    """Return how pictures are cut into tiles, and what becomes of the outputs of these."""
    return {
        "size": grid.size,
        "common": grid.common,
        "cut": f"the model takes one tile of a picture, {grid.size} x {grid.size} pixels, or as much as a smaller "
        f"picture has; tiles begin every {grid.size - grid.common} pixels, the last ends where the picture does",
        "join": "a pixel of a tile has the output of the nearest pixel that the model saw; where tiles overlap, the "
        "mean, weighted along each side by min(1, (pixels to the nearer border of the tile + 0.5) / common)",
    }


def _map_range(images: Any, low: float, high: float) -> Any:
    """Return images of values `low` to `high` as 0 to 255, cut off beyond and rounded, as files and arrays are read."""
    return keras.ops.round(keras.ops.clip((images - low) * (255.0 / (high - low)), 0.0, 255.0))
