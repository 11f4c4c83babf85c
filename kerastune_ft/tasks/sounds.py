"""What all tasks on sounds share: their inputs, which nothing changes at random in this version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from kerastune_ft.input.sounds import Clip, fit


class SoundInputs:
    """The part of a task that reads sounds."""

    modality = "audio"

    def inputs(self, example: Mapping[str, tf.Tensor], geometry: Clip) -> tf.Tensor:
        """Return the sound at the clip's rate and of its length, float32 [samples]."""
        return fit(example["samples"], example["rate"], geometry)

    def transform(
        self, inputs: tf.Tensor, targets: Any, keys: tf.Tensor, operations: Mapping[str, Any]
    ) -> tuple[Any, Any]:
        """Raise AssertionError: a configuration that augments sounds is refused."""
        raise AssertionError(f"sounds are not augmented, and {sorted(operations)} are asked for")
