"""The pull towards pretrained values, L2-SP (Li, Grandvalet and Davoine, 2018).

It adds weight / 2 times the squared distance of the variables from their pretrained values to what training minimises:
so the gradient of each gets weight times its distance. The new head has no pretrained value and no pull.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import keras
import numpy as np
import tensorflow as tf


class PretrainedPull:
    """Adds the gradient of the pull to gradients; the pretrained values are kept beside the variables."""

    def __init__(
        self,
        strategy: tf.distribute.Strategy,
        variables: Sequence[keras.Variable],
        pretrained: Mapping[str, np.ndarray],
        weight: float,
    ) -> None:
        """`variables` are in the order of the gradients; `pretrained` has by path the values of those to be pulled."""
        self._native = [variable.value for variable in variables]
        with strategy.scope():
            self._weight = tf.Variable(weight, trainable=False, dtype=tf.float32, name="pull")
            self._values = [
                tf.Variable(pretrained[variable.path], trainable=False, name=f"pretrained_{number}")
                if variable.path in pretrained
                else None
                for number, variable in enumerate(variables)
            ]

    def set(self, weight: float) -> None:
        """Set another weight, in steps that are compiled too."""
        self._weight.assign(weight)

    def add(self, gradients: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        """Return the gradients with those of the pull; called in a replica, on the gradients of the mean loss.

        They are reduced already, and the pull is the same on every replica, however many there are.
        """
        weight = tf.convert_to_tensor(self._weight)
        return [
            gradient
            if value is None
            else gradient + tf.cast(weight, gradient.dtype) * tf.cast(variable - value, gradient.dtype)
            for gradient, variable, value in zip(gradients, self._native, self._values, strict=True)
        ]
