"""Keras optimizers for the step of this package."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kerastune_ft.config.options.phases import Phase
from kerastune_ft.config.options.updates.optimizers import MOMENTUM_OPTIONS
from kerastune_ft.graph import keras_private
from kerastune_ft.rules import NEWEST, Rules

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
    """The learning rate of every step, looked up in a table, the weight decay, and a momentum that follows the rate.

    All are variables, so that a compiled step can be taken for other values.
    """

    def __init__(
        self, table: np.ndarray, first: int = 0, decay: float = 0.0, momentum: np.ndarray | None = None
    ) -> None:
        """`table` is float32 of shape [steps], beginning at step `first`; beyond its end the last rate goes on.

        `momentum` is a table of as many steps, or None where the optimizer's own holds throughout.
        """
        self._table, self._first = table, first
        self._rates = tf.Variable(table, trainable=False, dtype=tf.float32, name="rates")
        self._decay = tf.Variable(decay, trainable=False, dtype=tf.float32, name="weight_decay")
        self._momentum = (
            None if momentum is None else tf.Variable(momentum, trainable=False, dtype=tf.float32, name="momentum")
        )

    def set(self, table: np.ndarray, decay: float, momentum: np.ndarray | None = None) -> None:
        """Set other rates and another momentum, of as many steps, and another weight decay."""
        self._table = table
        self._rates.assign(table)
        self._decay.assign(decay)
        if self._momentum is not None:
            self._momentum.assign(momentum)

    @property
    def decay(self) -> tf.Tensor:
        """The weight decay, a float32 scalar."""
        return tf.convert_to_tensor(self._decay)

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        """Return the rate of a step, counted as the optimizer counts."""
        return self._look_up(self._rates, step)

    def find_momentum(self, step: tf.Tensor) -> tf.Tensor:
        """Return the momentum of a step, counted as the optimizer counts."""
        return self._look_up(self._momentum, step)

    def _look_up(self, values: tf.Variable, step: tf.Tensor) -> tf.Tensor:
        place = tf.cast(step, tf.int32) - self._first
        return tf.gather(tf.convert_to_tensor(values), tf.minimum(place, len(self._table) - 1))

    def get_config(self) -> dict:
        """Return the table, as Keras asks of every schedule."""
        return {"table": self._table.tolist(), "first": self._first}


@dataclass(frozen=True)
class Carried:
    """The final state of a phase's optimizer, for the next phase to continue from."""

    state: Mapping[tuple[str, str], np.ndarray]
    """Values by kind of slot and path of the variable it belongs to, see `keras_private.slot_roles`."""
    begun: Mapping[str, int]
    """Updates made before a variable joined, by its path, where not 0."""
    trained: Collection[str]
    """The paths of the variables it trained."""

    @property
    def updates(self) -> int:
        """Return the updates it made."""
        return int(self.state[_ITERATIONS])


_ITERATIONS = ("_iterations", "")
_SMALLEST_MOMENTUM = 1e-6


def read_carried(
    phase: Phase, variables: Sequence[keras.Variable], state: Mapping[str, np.ndarray], begun: Mapping[str, int]
) -> Carried:
    """Return what the next phase goes on with from the state that a phase's optimizer ended with.

    `variables` are those that the phase trained, in its order; `state` are values by the names of
    `keras_private.optimizer_slots`, `begun` the updates made before a variable joined.
    """
    likeness = _construct(phase, TableRate(np.zeros(1, np.float32)))
    likeness.build([_stand_in(variable) for variable in variables])
    roles = keras_private.slot_roles(likeness)
    values = {role: state[name] for name, role in roles.items()}
    return Carried(values, begun, frozenset(variable.path for variable in variables))


def _stand_in(variable: keras.Variable) -> keras.Variable:
    """Return a variable of the same path and number of axes that takes no memory."""
    small = keras.Variable(np.zeros([1] * len(variable.shape), np.float32), name=variable.name)
    keras_private.set_path(small, variable.path)
    return small


def build(
    phase: Phase,
    variables: Sequence[keras.Variable],
    table: np.ndarray,
    factors: Mapping[str, float],
    carried: Carried | None = None,
    undecayed: Collection[str] = (),
    rules: Rules = NEWEST,
    momentum: np.ndarray | None = None,
) -> keras.optimizers.Optimizer:
    """Return the optimizer of a phase, its state created; call it in the strategy's scope.

    `table` and `momentum` are learning rate and momentum of every step, the latter only where it follows the rate.
    `factors` multiply the rate by variable path. With `carried` the moments of variables that trained before go on, and
    those that join count their updates from here, so that their bias corrections are those of a new optimizer. The
    variables of the paths `undecayed` do not decay.
    Clipping is the step's business, since it comes after the reduction over replicas.
    """
    rates = TableRate(table, carried.updates if carried else 0, phase.weight_decay, momentum)
    optimizer = _construct(phase, rates)
    optimizer.rates = rates
    optimizer.momentum_option = None if momentum is None else MOMENTUM_OPTIONS[phase.optimizer.name]
    optimizer.rate_factors = dict(factors)
    optimizer.corrects_product = rules.corrects_joining_momentum
    excluded = [variable for variable in variables if variable.path in undecayed]
    if excluded and phase.weight_decay:
        optimizer.exclude_from_weight_decay(var_list=excluded)
    if carried:
        known = carried.trained
        joined = {variable.path: carried.updates for variable in variables if variable.path not in known}
        optimizer.begun = {**{path: at for path, at in carried.begun.items() if path in known}, **joined}
    optimizer.build(list(variables))
    if carried:
        _carry(optimizer, carried.state)
    return optimizer


def _construct(phase: Phase, rate: TableRate) -> keras.optimizers.Optimizer:
    # Adafactor would set a rate of its own instead of the phase's.
    fixed: dict[str, Any] = {"relative_step": False} if phase.optimizer.name == "adafactor" else {}
    if (cycle := phase.rate_policy.momentum) is not None:
        # SGD has slots where it is not 0; every step puts its own in the place of this.
        fixed[MOMENTUM_OPTIONS[phase.optimizer.name]] = max(cycle) or _SMALLEST_MOMENTUM
    return keras_private.reduced_optimizer(CLASSES[phase.optimizer.name])(
        learning_rate=rate,
        weight_decay=phase.weight_decay,
        # Keras would count the optimizers of a process up, and a resumed phase not know its state by name.
        name="optimizer",
        **fixed,
        **dict(phase.optimizer.options),
    )


def _carry(optimizer: keras.optimizers.Optimizer, state: Mapping[tuple[str, str], np.ndarray]) -> None:
    """Set what both optimizers have: the slots of variables that trained before, and those of all."""
    roles = keras_private.slot_roles(optimizer)
    for name, slot in keras_private.optimizer_slots(optimizer).items():
        if roles[name] in state:
            slot.assign(state[roles[name]])
