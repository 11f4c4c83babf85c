"""What all tasks on images share: their inputs, and how these are augmented."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from kerastune_ft.input.augment import augment
from kerastune_ft.input.decode import Geometry, decode


class ImageInputs:
    """The part of a task that reads images."""

    modality = "image"

    def inputs(self, example: Mapping[str, tf.Tensor], geometry: Geometry) -> tf.Tensor:
        """Return the decoded and resized image, uint8 [height, width, 3]."""
        return decode(example["image"], geometry)

    def transform(
        self, inputs: tf.Tensor, targets: Any, keys: tf.Tensor, operations: Mapping[str, Any]
    ) -> tuple[Any, Any]:
        """Return augmented images; what is said of the whole image stays."""
        return augment(inputs, keys, operations), targets
