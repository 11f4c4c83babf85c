"""What all tasks on images share: their inputs, and how these are augmented."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from kerastune_ft.config.heads import Head
from kerastune_ft.data.labels import Scheme
from kerastune_ft.input.augment import augment
from kerastune_ft.input.decode import Geometry, decode
from kerastune_ft.layers.heads import dense_head
from kerastune_ft.tasks.base import Task


class ImageTask(Task):
    """One vector of outputs per image, on pooled features."""

    needs = "sequence"

    def __init__(self, head: Head, scheme: Scheme, seed: int) -> None:
        """`scheme` names the outputs, in order."""
        self.scheme = scheme
        self._head, self._seed = head, seed

    def head(self, features: Any) -> Any:
        """Return raw outputs [batch, names of the scheme]."""
        return dense_head(features, self._head, len(self.scheme.names), self._seed)

    def inputs(self, example: Mapping[str, tf.Tensor], geometry: Geometry) -> tf.Tensor:
        """Return the decoded and resized image, uint8 [height, width, 3]."""
        return decode(example["image"], geometry)

    def transform(
        self, inputs: tf.Tensor, targets: Any, keys: tf.Tensor, operations: Mapping[str, Any]
    ) -> tuple[Any, Any]:
        """Return augmented images; what is said of the whole image stays."""
        return augment(inputs, keys, operations), targets
