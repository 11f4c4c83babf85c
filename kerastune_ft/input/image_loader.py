"""The data loader of images: decoding, resizing and augmentation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import PIL
import tensorflow as tf

from kerastune_ft.data.images.reading import ACCURATE
from kerastune_ft.data.source import DataSource
from kerastune_ft.input import image_augmentation
from kerastune_ft.input.decode import Geometry, find_window, fit_pixels, read_pixels
from kerastune_ft.input.fixed_shape_loader import FixedShapeLoader
from kerastune_ft.input.loader import TargetTask
from kerastune_ft.input.mixing import Mix, Mixing, mix_images
from kerastune_ft.input.resize_notes import describe_fitting


class ImageLoader(FixedShapeLoader):
    """Loads the images of one source for one task and geometry."""

    geometry: Geometry

    def __init__(self, source: DataSource, task: TargetTask, geometry: Geometry) -> None:
        super().__init__(source, task, geometry)
        if source.encoded and source.rules.accurate_decoding:
            self.decoder = f"tf.io.decode_jpeg {ACCURATE}; formats but JPEG and PNG by Pillow {PIL.__version__}"

    def at(self, image_size: tuple[int, int]) -> ImageLoader:
        """Return a loader of the same images at another height and width."""
        height, width = image_size
        return ImageLoader(self.source, self.task, replace(self.geometry, height=height, width=width))

    def input(self, fields: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Return the decoded and resized image, uint8 [height, width, 3]."""
        return fit_pixels(read_pixels(self.source, fields), self.geometry)

    def draw(self, keys: tf.Tensor, operations: Mapping[str, Any]) -> image_augmentation.Changes:
        """Draw the changes for a batch of examples with these keys."""
        return image_augmentation.draw(keys, operations, (self.geometry.height, self.geometry.width))

    def change(self, inputs: tf.Tensor, changes: image_augmentation.Changes) -> tf.Tensor:
        """Return the augmented images, float32."""
        return image_augmentation.on_images(inputs, changes, self.task.fill)

    def draw_mix(self, keys: tf.Tensor, mixing: Mixing) -> Mix:
        """Draw how a batch of images with these keys is mixed with others."""
        return mixing.draw(keys, (self.geometry.height, self.geometry.width))

    def mix(self, inputs: tf.Tensor, others: tf.Tensor, mix: Mix) -> tf.Tensor:
        """Return images mixed with others, float32."""
        return mix_images(inputs, others, mix)

    def key_parts(self, bucket: int | None = None) -> dict[str, Any]:
        """Return everything besides the example that its image depends on."""
        size = [self.geometry.height, self.geometry.width]
        # Stores from before the decoder was a choice are known by no name of one.
        decoder = {"decoder": ACCURATE} if self.source.rules.accurate_decoding else {}
        return self._key_parts(image_size=size, resize=self.geometry.resize, **decoder)

    def plan_entry(self) -> dict[str, Any]:
        """Return no entry: images are neither texts nor sounds."""
        return {"text": None, "sound": None}

    def describe_inputs(self, indices: Sequence[int]) -> list[dict[str, Any]]:
        """Return for each image its size in the model and its own, and the share of its area that was cut off."""
        return [self._describe_input(index) for index in indices]

    def _describe_input(self, index: int) -> dict[str, Any]:
        # The image itself tells its size: photos may be stored rotated.
        pixels = read_pixels(self.source, self.source.read_input(tf.constant(index, tf.int64)))
        height, width = map(int, pixels.shape[:2])
        _, _, rows, columns = (int(value) for value in find_window(height, width, self.geometry))
        seen = min(rows, height) * min(columns, width) / (height * width)
        return {
            "size": [self.geometry.height, self.geometry.width],
            "of": [height, width],
            "resize": self.geometry.resize,
            "cut": round(1 - seen, 4),
        }

    def notes(self, show_names: bool) -> list[str]:
        """Return sentences on what resizing cuts off, fills or enlarges."""
        if self.source.image_sizes is None:
            return []
        names = self.source.keys if show_names else None
        return describe_fitting(self.source.image_sizes, names, self.geometry, may_crop=not self.has_target_files)
