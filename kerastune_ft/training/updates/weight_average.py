"""The running average of weights over updates: an exponential moving average whose decay grows to its value.

After update number t of a phase, counted from 1, every average moves towards its variable by 1 - d of their distance,
where d is the smaller of the decay and (1 + t) / (10 + t), as TensorFlow's ExponentialMovingAverage has it with
`num_updates`: so the values before the first update are soon forgotten, however close to 1 the decay is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kerastune_ft.graph.values import view_tensor
from kerastune_ft.training.plan.keys.averages import GROWTH


class WeightAverage:
    """The averages of a phase's variables, updated where the updates are made; they begin as the variables are now."""

    def __init__(self, strategy: tf.distribute.Strategy, variables: Sequence[keras.Variable], decay: float) -> None:
        """`variables` are what the phase changes: those that train, and moving statistics, which go with them."""
        self._paths = [variable.path for variable in variables]
        self._native = [variable.value for variable in variables]
        with strategy.scope():
            self._decay = tf.Variable(decay, trainable=False, dtype=tf.float32, name="average_decay")
            self._averages = [
                tf.Variable(variable.numpy(), trainable=False, name=f"average_{number}")
                for number, variable in enumerate(variables)
            ]
            self._updates = tf.Variable(0, trainable=False, dtype=tf.int64, name="averaged_updates")

    def update(self) -> None:
        """Take the variables in as an update left them; called in a replica, after the update."""
        strategy = tf.distribute.get_strategy()
        # As Keras' optimizers update variables: each replica its own copy, from its own copy.
        tf.__internal__.distribute.interim.maybe_merge_call(self._update_everywhere, strategy)

    def _update_everywhere(self, strategy: Any) -> None:
        strategy.extended.update(self._updates, lambda count: count.assign_add(1), group=False)
        for average, variable in zip(self._averages, self._native, strict=True):
            strategy.extended.update(average, self._move, args=(variable, self._updates), group=False)

    def _move(self, average: tf.Variable, variable: tf.Variable, updates: tf.Variable) -> None:
        made = tf.cast(updates, tf.float32)
        first, later = GROWTH
        decay = tf.minimum(tf.convert_to_tensor(self._decay), (first + made) / (later + made))
        average.assign_sub((average - variable) * tf.cast(1.0 - decay, average.dtype))

    @property
    def updates(self) -> int:
        """Return the updates that were taken in."""
        return int(self._updates.numpy())

    def begin_again(self, decay: float) -> None:
        """Begin as the variables are now, with another decay, in steps that are compiled too."""
        self._decay.assign(decay)
        self._updates.assign(0)
        for average, variable in zip(self._averages, self._native, strict=True):
            average.assign(variable.numpy())

    def values(self) -> dict[str, np.ndarray]:
        """Return the averages by the paths of their variables, read-only; they stay when the averages change."""
        return {path: view_tensor(one) for path, one in zip(self._paths, self._averages, strict=True)}

    def restore(self, values: Mapping[str, np.ndarray], updates: int) -> None:
        """Go on from averages by path, and from so many updates."""
        for path, average in zip(self._paths, self._averages, strict=True):
            average.assign(values[path])
        self._updates.assign(updates)
