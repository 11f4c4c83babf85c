"""What an object of Python is known by: its source, its configuration, what it closes over; not Keras' counters."""

from __future__ import annotations

import dataclasses
import functools
import sys
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.own.identity import identify


def _scale(factor: float, unit: Any = None) -> Callable[[float], float]:
    def scaled(value: float) -> float:
        return value * factor

    return scaled


def _other(value: float) -> float:
    return value + 1


class _Cost:
    def __init__(self, weight: float) -> None:
        self.weight = weight

    def __call__(self, targets: Any, outputs: Any) -> float:
        return self.weight

    def weigh(self, targets: Any, outputs: Any) -> float:
        return self.weight


@dataclasses.dataclass(slots=True)
class _Slotted:
    weight: float

    def __call__(self, targets: Any, outputs: Any) -> float:
        return self.weight


def _repeated() -> Callable[[int], int]:
    def repeat(times: int) -> int:
        return repeat(times - 1) if times else 0

    return repeat


def test_a_function_is_its_source_and_the_values_it_closes_over() -> None:
    assert identify(_scale(2.0)) == identify(_scale(2.0))
    assert identify(_scale(2.0)).sha256 == identify(_scale(3.0)).sha256
    assert identify(_scale(2.0)) != identify(_scale(3.0))
    assert identify(_other).sha256 != identify(_scale(2.0)).sha256
    assert identify(functools.partial(_other, 1.0)) != identify(functools.partial(_other, 2.0))
    made: dict[str, Any] = {}
    # As in a terminal, where no source is at hand.
    exec(
        "def f(x): return x + 1\ndef g(x): return x - 1\nh = lambda x: x + 2\n"
        "def i(x): return [y + 3 for y in x]\ndef j(x): return [y + 4 for y in x]",
        made,
    )
    known = {identify(made[name]).sha256 for name in "fghij"}
    assert len(known) == 5 and None not in known
    assert identify(_repeated()) == identify(_repeated())


FACTOR: Any = 0.5


def _weigh(targets: Any, outputs: Any) -> Any:
    return [np.abs(FACTOR * (target - outputs)) for target in targets]


def test_numbers_and_arrays_of_its_module_that_a_function_names_count(monkeypatch: pytest.MonkeyPatch) -> None:
    known = [identify(_weigh)]
    for value in (0.25, (0.5, 1.0), np.ones(2), np.zeros(2), {"a": 0.5}):
        monkeypatch.setattr(sys.modules[__name__], "FACTOR", value)
        assert identify(_weigh) == identify(_weigh)
        known.append(identify(_weigh))
    assert len({each.configuration for each in known}) == len(known)
    assert len({each.sha256 for each in known}) == 1
    # Neither modules nor functions, and nothing that it does not name.
    monkeypatch.setattr(sys.modules[__name__], "FACTOR", _other)
    assert identify(_weigh).configuration is None
    assert identify(_other).configuration is None


def test_an_object_is_its_class_and_its_attributes() -> None:
    assert identify(_Cost(1.0)) == identify(_Cost(1.0)) != identify(_Cost(2.0))
    assert identify(_Cost(1.0)).name == "_Cost"
    assert identify(_Slotted(1.0)) == identify(_Slotted(1.0)) != identify(_Slotted(2.0))
    assert identify(_Cost(1.0).weigh) == identify(_Cost(1.0).weigh) != identify(_Cost(2.0).weigh)


def test_arrays_and_tensors_of_an_object_count_and_variables_do_not() -> None:
    for make in (np.float32, tf.constant):
        one, same, other = (identify(_Cost(make([1, value]))) for value in (2.0, 2.0, 3.0))
        assert one == same != other
    assert identify(_Cost(tf.Variable([1.0]))) == identify(_Cost(tf.Variable([2.0])))


def test_layers_are_their_configuration_whatever_keras_has_counted_up() -> None:
    def make(units: int) -> keras.Sequential:
        return keras.Sequential([keras.layers.Dense(units), keras.layers.Dense(2, activation="relu")])

    first, again, other = make(3), make(3), make(4)
    assert first.layers[0].name != again.layers[0].name
    assert identify(first) == identify(again) != identify(other)
    assert identify(first).sha256 is None


def test_losses_and_metrics_of_keras_are_what_they_were_made_with() -> None:
    assert identify(keras.losses.Huber(0.5)) == identify(keras.losses.Huber(0.5)) != identify(keras.losses.Huber(0.7))
    kind = keras.metrics.SparseTopKCategoricalAccuracy
    metric = kind(k=2)
    before = identify(metric)
    metric.update_state(np.array([0, 1]), np.array([[0.1, 0.9], [0.8, 0.2]], np.float32))
    assert identify(metric) == before == identify(kind(k=2)) != identify(kind(k=3))
