from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.config.options.phases import Phase
from kerastune_ft.graph import keras_private
from kerastune_ft.rules import FIRST, NEWEST
from kerastune_ft.training.updates import optimizers

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


@pytest.mark.parametrize("name", optimizers.CLASSES)
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


def test_decay_is_the_rate_times_decay_and_factor_to_the_last_bit() -> None:
    """As in runs of earlier versions, for which decay and factor were constants that are multiplied beforehand."""
    rate, share, before = np.float32(0.9137), np.float32(0.7213), np.float32([0.3, 1.7])
    on = [keras.Variable(before, name=f"kernel_{number}") for number in range(12)]
    factors = {variable.path: 0.9**number for number, variable in enumerate(on)}
    optimizer = optimizers.build(phase("sgd", weight_decay=0.7213), on, np.array([rate]), factors)
    update(optimizer, on, gradient=0.0)
    found = np.stack([variable.numpy() for variable in on])
    known = [np.float32(factor) for factor in factors.values()]
    assert found.tobytes() == np.stack([before - before * (rate * (share * factor)) for factor in known]).tobytes()
    assert found.tobytes() != np.stack([before - before * (rate * share * factor) for factor in known]).tobytes()


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


def carry(before: keras.optimizers.Optimizer, on: list[keras.Variable], of: Phase) -> optimizers.Carried:
    state = {name: np.array(slot.numpy()) for name, slot in keras_private.optimizer_slots(before).items()}
    return optimizers.read_carried(of, on, state, dict(before.begun))


@pytest.mark.parametrize("name", optimizers.CLASSES)
def test_a_carried_optimizer_goes_on_as_if_it_were_the_same(name: str) -> None:
    longer = np.full(6, 0.25, np.float32)
    one, other = variables(), variables()
    whole = optimizers.build(phase(name), one, longer, {})
    distances = [update(whole, one, gradient) for gradient in (1.0, -0.5, 0.25, 2.0)]
    first = optimizers.build(phase(name), other, longer, {})
    begun = [update(first, other, gradient) for gradient in (1.0, -0.5)]
    second = optimizers.build(phase(name), other, longer[2:], {}, carry(first, other, phase(name)))
    begun += [update(second, other, gradient) for gradient in (0.25, 2.0)]
    assert begun == distances


def test_the_rates_of_a_carried_optimizer_are_those_of_its_own_phase() -> None:
    on = variables()
    first = optimizers.build(phase("sgd", weight_decay=0), on, RATES, {})
    update(first, on)
    second = optimizers.build(
        phase("sgd", weight_decay=0), on, RATES, {}, carry(first, on, phase("sgd", weight_decay=0))
    )
    assert [update(second, on)[0] for _ in range(4)] == [0.5, 0.25, 0.125, 0.125]


@pytest.mark.parametrize("name", ["adam", "adamw", "lamb", "nadam", "adafactor"])
def test_variables_that_join_begin_as_with_a_new_optimizer(name: str) -> None:
    kernel, bias = variables()
    first = optimizers.build(phase(name, weight_decay=0), [kernel], RATES, {})
    for _ in range(5):
        update(first, [kernel])
    second = optimizers.build(
        phase(name, weight_decay=0), [kernel, bias], RATES, {}, carry(first, [kernel], phase(name, weight_decay=0))
    )
    assert second.begun == {bias.path: 5}
    fresh = variables()
    new = optimizers.build(phase(name, weight_decay=0), fresh, RATES, {})
    for gradient in (1.0, -3.0):
        assert update(second, [kernel, bias], gradient)[1] == pytest.approx(update(new, fresh, gradient)[1], rel=1e-5)
    # And a phase later they are still counted from where they joined.
    third = optimizers.build(
        phase(name), [kernel, bias], RATES, {}, carry(second, [kernel, bias], phase(name, weight_decay=0))
    )
    assert third.begun == {bias.path: 5}


OPTIONS = [
    *(pytest.param(name, {}, id=name) for name in optimizers.CLASSES),
    *(
        pytest.param(name, options, id=f"{name} {options}", marks=pytest.mark.slow)
        for name, options in [
            ("sgd", {"momentum": 0.9, "nesterov": True}),
            ("adamw", {"amsgrad": True}),
            ("rmsprop", {"momentum": 0.8, "centered": True}),
            ("nadam", {"beta_1": 0.95}),
            ("adafactor", {"beta_2_decay": -0.6, "clip_threshold": 0.7}),
        ]
    ),
]
PATHS = {"a/b_c": (2, 3), "a_b/c": (2, 3), "d/kernel": (2, 3), "e/kernel": (2, 3), "e/bias": (3,), "f/bias": (3,)}
"""Of some Keras names the slots alike: by their paths with other separators, or by their last names."""


def many_variables(count: int) -> list[keras.Variable]:
    found = []
    for number, (path, shape) in enumerate(list(PATHS.items())[:count]):
        draw = np.random.default_rng(number)
        variable = keras.Variable(draw.normal(size=shape).astype(np.float32), name=path.rpartition("/")[2])
        keras_private.set_path(variable, path)
        found.append(variable)
    return found


def gradients(step: int, on: list[keras.Variable]) -> list[np.ndarray]:
    """A gradient by step and path, whatever else trains."""
    draws = {path: np.random.default_rng([step, number]) for number, path in enumerate(PATHS)}
    return [draws[variable.path].normal(size=variable.shape).astype(np.float32) for variable in on]


@pytest.mark.parametrize(("name", "options"), OPTIONS)
def test_carrying_across_phases_is_what_the_optimizers_of_keras_do_by_hand(name: str, options: dict[str, Any]) -> None:
    """Three phases: of the last four variables, of all, and of the last four again, in another order each time.

    By hand the four have one optimizer of Keras throughout, and the two that join a new one.
    """
    own = phase(name, optimizer={"name": name, **options}, weight_decay=0)
    fixed = {"relative_step": False} if name == "adafactor" else {}
    mine, by_hand = many_variables(6), many_variables(6)
    always, joining = (
        optimizers.CLASSES[name](learning_rate=0.05, weight_decay=0, **fixed, **options) for _ in range(2)
    )
    carried, step = None, 0
    for chosen in ([4, 2, 3, 5], [0, 1, 2, 3, 4, 5], [5, 2, 3, 4]):
        trained = [mine[number] for number in chosen]
        optimizer = optimizers.build(own, trained, np.full(2, 0.05, np.float32), {}, carried)
        for _ in range(2):
            step += 1
            optimizer.apply([keras.ops.convert_to_tensor(one) for one in gradients(step, trained)], trained)
            always.apply(gradients(step, by_hand[2:]), by_hand[2:])
            if 0 in chosen:
                joining.apply(gradients(step, by_hand[:2]), by_hand[:2])
        for one, other in zip(mine, by_hand, strict=True):
            np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=2e-4, atol=1e-6, err_msg=one.path)
        carried = carry(optimizer, trained, own)


def test_runs_of_the_first_version_keep_the_product_of_momentum_of_all() -> None:
    kernel, bias = variables()
    own = phase("nadam", weight_decay=0)
    first = optimizers.build(own, [kernel], RATES, {})
    for _ in range(5):
        update(first, [kernel])
    (fresh,) = update(optimizers.build(own, [bias], RATES, {}), [bias])
    moved = {}
    for rules in (FIRST, NEWEST):
        second = optimizers.build(own, [kernel, bias], RATES, {}, carry(first, [kernel], own), rules=rules)
        moved[rules] = update(second, [kernel, bias])[1]
    assert moved[NEWEST] == pytest.approx(fresh, rel=1e-3)
    assert moved[FIRST] != pytest.approx(fresh, rel=1e-1)


@pytest.mark.parametrize("beta", [0.5, 0.9, 0.999])
def test_the_product_of_momentum_is_that_which_keras_multiplies_up(beta: float) -> None:
    product = 1.0
    for update_number in range(1, 1000):
        product *= beta * (1 - 0.5 * 0.96**update_number)
        if update_number in (1, 2, 10, 599, 600, 601, 999) and product > 1e-30:
            found = keras_private.nadam_product(beta, tf.constant(update_number, tf.int64))
            assert float(found) == pytest.approx(product, rel=1e-4)


CYCLE = {"peak": 0.5, "shape": "one_cycle", "momentum": [0.9, 0.4, 0.8]}
MOMENTA = np.array([0.9, 0.4, 0.8], np.float32)


def compile_update(optimizer: Any, on: list[keras.Variable]) -> Any:
    """Return `update` as a graph that is traced once, of a gradient."""

    @tf.function(autograph=False, input_signature=[tf.TensorSpec([])])
    def call(gradient: tf.Tensor) -> None:
        optimizer.apply([tf.fill(variable.shape, gradient) for variable in on], on)

    return call


@pytest.mark.parametrize("in_graph", [False, True])
def test_the_momentum_of_adam_is_that_of_the_step(in_graph: bool) -> None:
    on, gradients = variables(), (1.0, -2.0, 0.5)
    optimizer = optimizers.build(phase("adam", learning_rate=CYCLE, weight_decay=0), on, RATES, {}, momentum=MOMENTA)
    expected, mean, square, compiled = 1.0, 0.0, 0.0, compile_update(optimizer, on)
    for step, (rate, momentum, gradient) in enumerate(zip(RATES, MOMENTA, gradients, strict=True), 1):
        if in_graph:
            compiled(gradient)
        else:
            update(optimizer, on, gradient)
        # As fastai debiases: by the momentum of the step to the number of steps.
        mean, square = momentum * mean + (1 - momentum) * gradient, 0.999 * square + 0.001 * gradient**2
        expected -= rate * (mean / (1 - momentum**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-7)
        assert on[0].numpy() == pytest.approx(np.full((2, 2), expected), rel=1e-4)


@pytest.mark.parametrize("nesterov", [False, True])
def test_the_momentum_of_sgd_is_that_of_the_step(nesterov: bool) -> None:
    on, gradients = variables(), (1.0, -2.0, 0.5)
    options = {"optimizer": {"name": "sgd", "nesterov": nesterov}, "learning_rate": CYCLE, "weight_decay": 0}
    optimizer = optimizers.build(phase("sgd", **options), on, RATES, {}, momentum=MOMENTA)
    expected, velocity, compiled = 1.0, 0.0, compile_update(optimizer, on)
    for rate, momentum, gradient in zip(RATES, MOMENTA, gradients, strict=True):
        compiled(gradient)
        velocity = momentum * velocity - rate * gradient
        expected += momentum * velocity - rate * gradient if nesterov else velocity
        assert on[0].numpy() == pytest.approx(np.full((2, 2), expected), rel=1e-5)


def test_a_momentum_of_zero_has_slots_too_and_other_tables_can_be_set() -> None:
    on = variables()
    own = phase("sgd", learning_rate={**CYCLE, "momentum": [0, 0, 0]}, weight_decay=0)
    optimizer: Any = optimizers.build(own, on, RATES, {}, momentum=np.zeros(3, np.float32))
    assert len(keras_private.optimizer_slots(optimizer)) == 3
    optimizer.rates.set(RATES, 0.0, MOMENTA)
    update(optimizer, on)
    # The second goes by rate and gradient, and by its momentum of what the first went.
    assert update(optimizer, on)[0] == pytest.approx(0.25 + 0.4 * 0.5)


def test_the_momentum_of_a_carried_optimizer_is_that_of_its_own_phase() -> None:
    on = variables()
    first = optimizers.build(phase("adam", weight_decay=0), on, RATES, {})
    update(first, on)
    state = {name: slot.numpy() for name, slot in keras_private.optimizer_slots(first).items()}
    carried = optimizers.read_carried(phase("adam", weight_decay=0), on, state, {})
    own = phase("adam", learning_rate=CYCLE, weight_decay=0)
    second: Any = optimizers.build(own, on, RATES, {}, carried, momentum=MOMENTA)
    momenta = [float(second.rates.find_momentum(second.iterations + step)) for step in range(4)]
    assert momenta == pytest.approx([0.9, 0.4, 0.8, 0.8])
