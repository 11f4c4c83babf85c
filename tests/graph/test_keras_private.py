from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.config.options.updates.optimizers import OPTIMIZER_OPTIONS, SOLVERS
from kerastune_ft.errors import ConfigError
from kerastune_ft.graph import keras_private
from kerastune_ft.graph.keras_private import (
    dropout_noise_shape,
    leaf_layers,
    nodes_in_order,
    reduced_optimizer,
)
from kerastune_ft.training.updates.optimizers import CLASSES
from tests.support.graph_models import skip_segmenter


def test_nodes_come_after_what_they_read() -> None:
    model = skip_segmenter()
    made: set[int] = set()
    nodes = nodes_in_order(model)
    for node in nodes:
        assert {id(tensor) for tensor in node.inputs} <= made, node.operation.name
        made |= {id(tensor) for tensor in node.outputs}
    assert {id(tensor) for tensor in model.outputs} <= made
    assert {node.operation.name for node in nodes} == {operation.name for operation in model.operations}


def test_a_graph_is_run_again_with_every_operation_called_by_the_caller() -> None:
    keras.utils.clear_session()
    x = keras.Input((3,))
    inner = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="inside")], name="inner")
    model = keras.Model(x, keras.ops.add(inner(x, training=False), 1.0))
    called: dict[str, dict[str, Any]] = {}

    def call(operation: Any, *arguments: Any, **options: Any) -> Any:
        called[operation.name] = options
        return operation(*arguments, **options)

    other = keras.Input((3,))
    again = keras.Model(other, keras_private.run_graph(model, other, call))
    assert list(called) == ["inner", "add"]
    assert called["inner"] == {"training": False}
    assert np.array_equal(again(np.ones((2, 3))), model(np.ones((2, 3))))
    assert keras_private.is_functional(model)
    assert not keras_private.is_functional(keras.layers.Dense(2))


def test_a_layer_used_twice_has_two_nodes() -> None:
    shared = keras.layers.Dense(3, name="shared")
    x = keras.Input((3,))
    model = keras.Model(x, shared(shared(x)))
    assert [node.operation.name for node in nodes_in_order(model)].count("shared") == 2


def test_leaf_layers_are_found_at_any_depth_once() -> None:
    shared = keras.layers.Dense(2, name="shared")
    inner = keras.Sequential(
        [keras.Input((2,)), keras.layers.Dense(2, name="a"), keras.layers.Dropout(0.1, name="b")], name="in"
    )
    x = keras.Input((2,), name="x")
    outer = keras.Sequential([keras.Input((2,)), inner, shared], name="outer")
    model = keras.Model(x, shared(outer(x)))
    found = leaf_layers(model)
    paths = [path for path, layer in found.items() if not isinstance(layer, keras.layers.InputLayer)]
    assert sorted(paths) in (["outer/in/a", "outer/in/b", "shared"], ["outer/in/a", "outer/in/b", "outer/shared"])
    assert len({id(layer) for layer in found.values()}) == len(found)
    assert {id(variable) for layer in found.values() for variable in layer.variables} == {
        id(one) for one in model.variables
    }


def test_leaf_layers_reach_the_dropout_inside_attention() -> None:
    x = keras.Input((4, 8))
    model = keras.Model(x, keras.layers.MultiHeadAttention(2, 4, dropout=0.5, name="attention")(x, x))
    dropouts = [path for path, layer in leaf_layers(model).items() if isinstance(layer, keras.layers.Dropout)]
    assert len(dropouts) == 1
    assert dropouts[0].startswith("attention/")


@pytest.mark.parametrize(
    ("layer", "shape", "expected"),
    [
        (keras.layers.Dropout(0.5), (5, 4, 3), [5, 4, 3]),
        (keras.layers.Dropout(0.5, noise_shape=(None, 1, 1, 1)), (5, 4, 4, 3), [5, 1, 1, 1]),
        (keras.layers.Dropout(0.5, noise_shape=(None, 1, None)), (5, 4, 3), [5, 1, 3]),
        (keras.layers.SpatialDropout1D(0.5), (5, 4, 3), [5, 1, 3]),
        (keras.layers.SpatialDropout2D(0.5, data_format="channels_last"), (5, 4, 4, 3), [5, 1, 1, 3]),
        (keras.layers.SpatialDropout3D(0.5, data_format="channels_last"), (5, 2, 4, 4, 3), [5, 1, 1, 1, 3]),
    ],
)
def test_noise_shape_is_that_of_keras(layer: keras.layers.Dropout, shape: tuple, expected: list[int]) -> None:
    ones = tf.ones(shape)
    assert [int(size) for size in dropout_noise_shape(layer, ones)] == expected
    # Along an axis of noise size 1, what Keras draws is constant; along every other it is not.
    many = tf.ones([40 * size if axis == 0 else size for axis, size in enumerate(shape)])
    drawn = layer(many, training=True).numpy()
    for axis in range(1, len(shape)):
        assert (np.ptp(drawn, axis=axis).max() == 0) == (expected[axis] == 1)


def test_noise_shape_of_a_dynamic_batch() -> None:
    layer = keras.layers.SpatialDropout1D(0.5)

    @tf.function(input_signature=[tf.TensorSpec([None, 4, 3])])
    def shape(inputs: tf.Tensor) -> tf.Tensor:
        return tf.stack(dropout_noise_shape(layer, inputs))

    assert shape(tf.zeros([7, 4, 3])).numpy().tolist() == [7, 1, 3]


def _variables() -> list[keras.Variable]:
    random = np.random.default_rng(3)
    return [
        keras.Variable(random.normal(size=shape).astype(np.float32), name=name)
        for name, shape in (("kernel", (4, 3)), ("bias", (3,)))
    ]


def _train(optimizer: keras.optimizers.Optimizer, variables: list[keras.Variable], steps: int = 4) -> list[np.ndarray]:
    random = np.random.default_rng(5)
    optimizer.build(variables)
    update = tf.function(lambda gradients: optimizer.apply(gradients, variables))
    for _ in range(steps):
        update([tf.constant(random.normal(size=one.shape).astype(np.float32)) for one in variables])
    return [variable.numpy() for variable in variables]


def _optimizer(kind: type, variables: list[keras.Variable], factors: dict | None = None, **options: Any) -> Any:
    optimizer = kind(learning_rate=0.01, **options)
    optimizer.exclude_from_weight_decay(var_list=variables[1:])
    if factors:
        optimizer.rate_factors = factors
    return optimizer


SAMPLES = {
    "momentum": [0.9],
    "nesterov": [True],
    "amsgrad": [True],
    "centered": [True],
    "initial_accumulator_value": [0.2],
    "epsilon": [1e-3],
    "beta_1": [0.5],
    "beta_2": [0.9],
    "rho": [0.5],
    "beta_2_decay": [-0.5],
    "epsilon_1": [1e-20],
    "epsilon_2": [1e-2],
    "clip_threshold": [0.7],
}
CASES = [(name, {}) for name in CLASSES] + [
    (name, {option: value, **({"momentum": 0.9} if option == "nesterov" else {})})
    for name in CLASSES
    for option in OPTIMIZER_OPTIONS[name]
    for value in SAMPLES[option]
]


def test_every_optimizer_of_the_configuration_is_here() -> None:
    assert {*CLASSES, *SOLVERS} == set(OPTIMIZER_OPTIONS)


@pytest.mark.parametrize(("name", "options"), CASES, ids=str)
def test_reduced_optimizer_equals_the_one_of_keras(name: str, options: dict[str, Any]) -> None:
    for decay in (0.0, 0.1):
        plain, reduced = _variables(), _variables()
        expected = _train(_optimizer(CLASSES[name], plain, weight_decay=decay, **options), plain)
        kind = reduced_optimizer(CLASSES[name])
        found = _train(_optimizer(kind, reduced, weight_decay=decay, **options), reduced)
        assert kind.__name__ == CLASSES[name].__name__
        for one, other, start in zip(found, expected, _variables(), strict=True):
            assert np.allclose(one, other, rtol=1e-6, atol=1e-7)
            assert np.abs(one - start.numpy()).max() > 1e-4


@pytest.mark.parametrize("name", CLASSES)
def test_a_factor_multiplies_the_update(name: str) -> None:
    start = [variable.numpy() for variable in _variables()]
    moved = {}
    for factor in (1.0, 0.5):
        variables = _variables()
        factors = {variables[0].path: factor}
        moved[factor] = _train(_optimizer(reduced_optimizer(CLASSES[name]), variables, factors), variables, steps=1)
    assert np.allclose(moved[0.5][0] - start[0], (moved[1.0][0] - start[0]) / 2, rtol=1e-3, atol=1e-7)
    assert np.array_equal(moved[0.5][1], moved[1.0][1])


@pytest.mark.parametrize("decay", [0.1, 0.0])
def test_a_factor_multiplies_the_decay(decay: float) -> None:
    variables = _variables()
    start = [variable.numpy() for variable in variables]
    factors = {variable.path: 0.5 for variable in variables}
    optimizer = _optimizer(reduced_optimizer(keras.optimizers.SGD), variables, factors, weight_decay=decay)
    optimizer.build(variables)
    optimizer.apply([tf.zeros(variable.shape) for variable in variables], variables)
    assert np.allclose(variables[0].numpy(), start[0] * (1 - 0.01 * decay * 0.5), rtol=1e-6)
    assert np.array_equal(variables[0].numpy(), start[0]) == (decay == 0)
    assert np.array_equal(variables[1].numpy(), start[1])


def test_a_keras_whose_optimizers_have_other_hooks_is_refused() -> None:
    class Bare:
        def update_step(self) -> None: ...

        def _apply_weight_decay(self) -> None: ...

    with pytest.raises(ConfigError, match="have no _all_reduce_sum_gradients, which"):
        reduced_optimizer(Bare)


def test_reduced_optimizer_follows_a_schedule() -> None:
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([1], [0.01, 0.001])
    plain, reduced = _variables(), _variables()
    expected = _train(keras.optimizers.AdamW(schedule, weight_decay=0.1), plain)
    found = _train(reduced_optimizer(keras.optimizers.AdamW)(schedule, weight_decay=0.1), reduced)
    assert all(np.allclose(one, other, rtol=1e-6, atol=1e-7) for one, other in zip(found, expected, strict=True))


def test_optimizer_slots_have_stable_names_and_hold_the_state() -> None:
    names = []
    for _ in range(2):
        variables = _variables()
        optimizer = reduced_optimizer(keras.optimizers.Adam)(learning_rate=0.01)
        _train(optimizer, variables)
        slots = keras_private.optimizer_slots(optimizer)
        assert len(slots) == len(optimizer.variables) == 6
        assert sum(name.endswith("iteration") for name in slots) == 1
        names.append(list(slots))
    assert names[0] == names[1]


def test_a_built_layer_takes_further_weights_when_unlocked() -> None:
    layer = keras.layers.Dense(2)
    layer.build((None, 3))
    with pytest.raises(ValueError, match="already built"):
        layer.add_weight(shape=(2,), name="more")
    with keras_private.unlock(layer):
        layer.add_weight(shape=(2,), name="more")
    assert [variable.name for variable in layer.variables] == ["kernel", "bias", "more"]
    with pytest.raises(ValueError, match="already built"):
        layer.add_weight(shape=(2,), name="another")


def test_the_last_operation_is_that_of_the_graph_inside() -> None:
    x = keras.Input((3,))
    inside = keras.Sequential([keras.layers.Dense(2), last := keras.layers.ReLU()])
    outer = keras.Sequential([keras.layers.Dense(3), inside])
    assert keras_private.last_operation(outer(x)) is last
    dense = keras.layers.Dense(2)
    assert keras_private.last_operation(dense(x)) is dense


def test_operations_between_are_those_that_outputs_need() -> None:
    x = keras.Input((3,))
    below, above = keras.layers.Dense(2), keras.layers.Dense(4)
    middle = below(x)
    outputs = keras.layers.ReLU()(above(middle))
    assert [type(each).__name__ for each in keras_private.operations_between([middle], [outputs])] == ["Dense", "ReLU"]
    assert keras_private.operations_between([middle], [outputs])[0] is above


def test_layers_that_know_masks_take_that_of_their_input() -> None:
    x, mask = keras.Input((2, 3)), keras.Input((2,), dtype="bool")
    keras_private.set_mask(x, mask)
    model = keras.Model([x, mask], keras.layers.GlobalAveragePooling1D()(x))
    values = np.arange(6, dtype=np.float32).reshape(1, 2, 3)
    np.testing.assert_array_equal(model([values, np.array([[True, False]])]), values[:, 0])
