"""Keras optimizers for the step of this package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import keras
import numpy as np
import tensorflow as tf

from kerastune_ft.config.phases import Phase
from kerastune_ft.graph import keras_private

CLASSES = {
    "sgd": keras.optimizers.SGD,
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "nadam": keras.optimizers.Nadam,
    "adagrad": keras.optimizers.Adagrad,
    "rmsprop": keras.optimizers.RMSprop,
    "lion": keras.optimizers.Lion,
    "lamb": keras.optimizers.Lamb,
    "adafactor": keras.optimizers.Adafactor,
}


class TableRate(keras.optimizers.schedules.LearningRateSchedule):
    """The learning rate of every step, looked up in a table."""

    def __init__(self, table: np.ndarray) -> None:
        """`table` is float32 of shape [steps]; beyond its end the last rate goes on."""
        self._table = table

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        """Return the rate of a step, counted from 0."""
        return tf.gather(tf.constant(self._table), tf.minimum(tf.cast(step, tf.int32), len(self._table) - 1))

    def get_config(self) -> dict:
        """Return the table, as Keras asks of every schedule."""
        return {"table": self._table.tolist()}


def build(
    phase: Phase, variables: Sequence[keras.Variable], table: np.ndarray, factors: Mapping[str, float]
) -> keras.optimizers.Optimizer:
    """Return the optimizer of a phase, its state created; call it in the strategy's scope.

    `factors` multiply the rate by variable path. Norms and biases (variables of fewer than two axes) do not decay.
    Clipping is the step's business, since it comes after the reduction over replicas.
    """
    # Adafactor would set a rate of its own instead of the phase's.
    fixed = {"relative_step": False} if phase.optimizer.name == "adafactor" else {}
    optimizer = keras_private.reduced_optimizer(CLASSES[phase.optimizer.name])(
        learning_rate=TableRate(table),
        weight_decay=phase.weight_decay,
        # Keras would count the optimizers of a process up, and a resumed phase not know its state by name.
        name="optimizer",
        **fixed,
        **dict(phase.optimizer.options),
    )
    optimizer.rate_factors = dict(factors)
    undecayed = [variable for variable in variables if len(variable.shape) < 2]
    if undecayed and phase.weight_decay:
        optimizer.exclude_from_weight_decay(var_list=undecayed)
    optimizer.build(list(variables))
    return optimizer
