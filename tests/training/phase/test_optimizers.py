from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from kerastune_ft.config.options.optimizers import OPTIMIZER_OPTIONS
from kerastune_ft.config.options.phases import Phase
from kerastune_ft.graph import keras_private
from kerastune_ft.training.phase import optimizers

RATES = np.array([0.5, 0.25, 0.125], np.float32)


def phase(name: str, **options: Any) -> Phase:
    return Phase.model_validate(
        {"name": "top", "unfreeze": "all", "epochs": 1, "learning_rate": 0.5, "optimizer": name, **options}
    )


def variables() -> list[keras.Variable]:
    return [
        keras.Variable(np.ones((2, 2), np.float32), name="kernel"),
        keras.Variable(np.ones(2, np.float32), name="bias"),
    ]


def update(optimizer: keras.optimizers.Optimizer, on: list[keras.Variable], gradient: float = 1.0) -> list[float]:
    """Make an update with the same gradient everywhere and return how far each variable went."""
    before = [variable.numpy().flat[0] for variable in on]
    optimizer.apply([keras.ops.full(variable.shape, gradient) for variable in on], on)
    return [float(old - variable.numpy().flat[0]) for old, variable in zip(before, on, strict=True)]


@pytest.mark.parametrize("name", OPTIMIZER_OPTIONS)
def test_every_optimizer_of_the_format_updates_and_decays_weights_alone(name: str) -> None:
    on = variables()
    optimizer = optimizers.build(phase(name, weight_decay=0.5), on, RATES, {}, undecayed=[on[1].path])
    kernel, bias = update(optimizer, on, gradient=0.0)
    assert kernel == pytest.approx(0.5 * 0.5, rel=1e-5), "decay is rate times weight_decay"
    assert bias == 0
    assert all(abs(distance) > 0 for distance in update(optimizer, on))


def test_the_rates_are_those_of_the_table_and_the_last_goes_on() -> None:
    on = variables()
    optimizer = optimizers.build(phase("sgd", weight_decay=0), on, RATES, {})
    assert [update(optimizer, on)[0] for _ in range(4)] == [0.5, 0.25, 0.125, 0.125]


def test_factors_multiply_rate_and_decay() -> None:
    on = variables()
    factors = {on[0].path: 0.5, on[1].path: 0.25}
    optimizer = optimizers.build(phase("sgd", weight_decay=0.5), on, RATES, factors, undecayed=[on[1].path])
    kernel, bias = update(optimizer, on)
    assert kernel == pytest.approx(0.5 * (0.5 * 0.5 + 0.5))
    assert bias == pytest.approx(0.5 * 0.25)


def test_options_reach_the_optimizer() -> None:
    on = variables()
    options = {"name": "sgd", "momentum": 0.5, "nesterov": True}
    optimizer = optimizers.build(phase("sgd", optimizer=options, weight_decay=0), on, RATES, {})
    assert optimizer.momentum == 0.5
    assert optimizer.nesterov


def test_the_state_has_the_same_names_whatever_was_built_before() -> None:
    on = variables()
    slots = [list(keras_private.optimizer_slots(optimizers.build(phase("adamw"), on, RATES, {}))) for _ in range(2)]
    assert slots[0] == slots[1]
    assert len(slots[0]) == len(set(slots[0])) >= 5


def carry(before: keras.optimizers.Optimizer, on: list[keras.Variable]) -> optimizers.Carried:
    state = {name: np.array(slot.numpy()) for name, slot in keras_private.optimizer_slots(before).items()}
    return optimizers.Carried(state, dict(before.begun), [variable.path for variable in on])


@pytest.mark.parametrize("name", OPTIMIZER_OPTIONS)
def test_a_carried_optimizer_goes_on_as_if_it_were_the_same(name: str) -> None:
    longer = np.full(6, 0.25, np.float32)
    one, other = variables(), variables()
    whole = optimizers.build(phase(name), one, longer, {})
    distances = [update(whole, one, gradient) for gradient in (1.0, -0.5, 0.25, 2.0)]
    first = optimizers.build(phase(name), other, longer, {})
    begun = [update(first, other, gradient) for gradient in (1.0, -0.5)]
    second = optimizers.build(phase(name), other, longer[2:], {}, carry(first, other))
    begun += [update(second, other, gradient) for gradient in (0.25, 2.0)]
    assert begun == distances


def test_the_rates_of_a_carried_optimizer_are_those_of_its_own_phase() -> None:
    on = variables()
    first = optimizers.build(phase("sgd", weight_decay=0), on, RATES, {})
    update(first, on)
    second = optimizers.build(phase("sgd", weight_decay=0), on, RATES, {}, carry(first, on))
    assert [update(second, on)[0] for _ in range(4)] == [0.5, 0.25, 0.125, 0.125]


@pytest.mark.parametrize("name", ["adam", "adamw", "lamb"])
def test_variables_that_join_begin_as_with_a_new_optimizer(name: str) -> None:
    kernel, bias = variables()
    first = optimizers.build(phase(name, weight_decay=0), [kernel], RATES, {})
    for _ in range(5):
        update(first, [kernel])
    second = optimizers.build(phase(name, weight_decay=0), [kernel, bias], RATES, {}, carry(first, [kernel]))
    assert second.begun == {bias.path: 5}
    fresh = variables()
    new = optimizers.build(phase(name, weight_decay=0), fresh, RATES, {})
    for gradient in (1.0, -3.0):
        assert update(second, [kernel, bias], gradient)[1] == pytest.approx(update(new, fresh, gradient)[1], rel=1e-5)
    # And a phase later they are still counted from where they joined.
    third = optimizers.build(phase(name), [kernel, bias], RATES, {}, carry(second, [kernel, bias]))
    assert third.begun == {bias.path: 5}
