"""Keras optimizers for the step of this package."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from kerastune_ft.config.options.phases import Phase
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

    def __init__(self, table: np.ndarray, first: int = 0) -> None:
        """`table` is float32 of shape [steps], beginning at step `first`; beyond its end the last rate goes on."""
        self._table, self._first = table, first

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        """Return the rate of a step, counted as the optimizer counts."""
        place = tf.cast(step, tf.int32) - self._first
        return tf.gather(tf.constant(self._table), tf.minimum(place, len(self._table) - 1))

    def get_config(self) -> dict:
        """Return the table, as Keras asks of every schedule."""
        return {"table": self._table.tolist(), "first": self._first}


@dataclass(frozen=True)
class Carried:
    """The final state of a phase's optimizer, for the next phase to continue from."""

    state: Mapping[str, np.ndarray]
    """Values by the slot names of `keras_private.optimizer_slots`."""
    begun: Mapping[str, int]
    """Updates made before a variable joined, by its path, where not 0."""
    trained: Sequence[str]
    """The paths of the variables it trained."""

    @property
    def updates(self) -> int:
        """Return the updates it made."""
        return int(next(value for name, value in self.state.items() if _of(name) == "iteration"))


def build(
    phase: Phase,
    variables: Sequence[keras.Variable],
    table: np.ndarray,
    factors: Mapping[str, float],
    carried: Carried | None = None,
    undecayed: Collection[str] = (),
) -> keras.optimizers.Optimizer:
    """Return the optimizer of a phase, its state created; call it in the strategy's scope.

    `factors` multiply the rate by variable path. With `carried` the moments of variables that trained before go on, and
    those that join count their updates from here, so that their bias corrections are those of a new optimizer. The
    variables of the paths `undecayed` do not decay.
    Clipping is the step's business, since it comes after the reduction over replicas.
    """
    # Adafactor would set a rate of its own instead of the phase's.
    fixed = {"relative_step": False} if phase.optimizer.name == "adafactor" else {}
    optimizer = keras_private.reduced_optimizer(CLASSES[phase.optimizer.name])(
        learning_rate=TableRate(table, carried.updates if carried else 0),
        weight_decay=phase.weight_decay,
        # Keras would count the optimizers of a process up, and a resumed phase not know its state by name.
        name="optimizer",
        **fixed,
        **dict(phase.optimizer.options),
    )
    optimizer.rate_factors = dict(factors)
    excluded = [variable for variable in variables if variable.path in undecayed]
    if excluded and phase.weight_decay:
        optimizer.exclude_from_weight_decay(var_list=excluded)
    if carried:
        known = set(carried.trained)
        joined = {variable.path: carried.updates for variable in variables if variable.path not in known}
        optimizer.begun = {**{path: at for path, at in carried.begun.items() if path in known}, **joined}
    optimizer.build(list(variables))
    if carried:
        _carry(optimizer, carried.state)
    return optimizer


def _carry(optimizer: keras.optimizers.Optimizer, state: Mapping[str, np.ndarray]) -> None:
    """Set what both optimizers have; their positions differ where other variables train."""
    values = {_of(name): value for name, value in state.items()}
    for name, slot in keras_private.optimizer_slots(optimizer).items():
        if _of(name) in values:
            slot.assign(values[_of(name)])


def _of(slot: str) -> str:
    """Return the name of an optimizer's slot without its position."""
    return slot.partition("/")[2]
