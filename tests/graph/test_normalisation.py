from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.errors import ConfigError
from kerastune_ft.graph import keras_private
from kerastune_ft.graph.normalisation import (
    batch_norms,
    bind,
    count_by_weight,
    find_fusible,
    fuse,
    gamma_and_beta,
    moving_statistics,
)

SHAPES = {"images": (6, 5, 4, 3), "sequences": (6, 7, 3), "vectors": (6, 3)}


def _layer(shape: tuple[int, ...], **options: object) -> keras.layers.BatchNormalization:
    """A layer whose variables are not what they begin as."""
    layer = keras.layers.BatchNormalization(name="norm", **options)
    layer.build((None, *shape[1:]))
    random = np.random.default_rng(1)
    layer.set_weights([random.uniform(0.5, 1.5, variable.shape) for variable in layer.variables])
    return layer


def _bind(layer: keras.layers.BatchNormalization) -> keras.layers.BatchNormalization:
    bind({"norm": layer})
    return layer


def _values(shape: tuple[int, ...], seed: int = 0, offset: float = 3.0) -> np.ndarray:
    return (np.random.default_rng(seed).normal(size=shape) * 2 + offset).astype(np.float32)


def _train(
    layer: keras.layers.BatchNormalization, x: np.ndarray, weights: np.ndarray | None, **options: object
) -> tuple:
    """Outputs of a training call, gradients of a sum over the rows counted, and the statistics afterwards."""
    inputs = tf.constant(x)
    weights = np.ones(len(x), np.float32) if weights is None else weights
    factors = _values(x.shape, seed=9, offset=0.0) * weights.reshape(-1, *[1] * (x.ndim - 1))

    @tf.function
    def call() -> tuple:
        with count_by_weight(tf.constant(weights)), tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = layer(inputs, training=True, **options)
            loss = tf.reduce_sum(outputs * factors)
        variables = [variable.value for variable in layer.trainable_variables]
        return outputs, *tape.gradient(loss, [inputs, *variables])

    outputs, *gradients = (value.numpy() for value in call())
    return outputs, gradients, [layer.moving_mean.numpy(), layer.moving_variance.numpy()]


def _assert_equal(found: tuple, wanted: tuple, rows: int | None = None) -> None:
    # A gradient of gamma adds up hundreds of terms of both signs.
    for part, tolerance in enumerate((2e-6, 2e-5, 2e-6)):
        pairs = [(found[part], wanted[part])] if part == 0 else zip(found[part], wanted[part], strict=True)
        for one, other in pairs:
            np.testing.assert_allclose(one[:rows] if one.ndim > 1 else one, other, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("options", [{}, {"momentum": 0.9, "epsilon": 1e-5}, {"scale": False}, {"center": False}])
def test_one_replica_does_what_keras_does(shape: tuple[int, ...], options: dict) -> None:
    x = _values(shape)
    _assert_equal(_train(_bind(_layer(shape, **options)), x, None), _train(_layer(shape, **options), x, None))


def test_channels_may_come_first() -> None:
    shape = (6, 3, 5, 4)
    x = _values(shape)
    _assert_equal(_train(_bind(_layer(shape, axis=1)), x, None), _train(_layer(shape, axis=1), x, None))


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_padding_counts_nothing(shape: tuple[int, ...]) -> None:
    real = _values(shape)
    x = np.concatenate([real, 1000 * _values(shape, seed=4)])
    weights = np.repeat([1, 0], len(real)).astype(np.float32)
    found = _train(_bind(_layer(shape)), x, weights)
    _assert_equal(found, _train(_layer(shape), real, None), rows=len(real))
    assert not found[1][0][len(real) :].any()
    assert np.isfinite(found[0]).all()


def test_a_mask_counts_as_with_keras() -> None:
    x = _values((6, 7, 3))
    mask = tf.constant(np.random.default_rng(2).random((6, 7)) < 0.6)
    found, wanted = (_train(layer, x, None, mask=mask) for layer in (_bind(_layer(x.shape)), _layer(x.shape)))
    _assert_equal(found, wanted)


def test_a_batch_of_padding_changes_nothing() -> None:
    layer = _bind(_layer((6, 5, 4, 3)))
    before = [value.copy() for value in layer.get_weights()]
    outputs, gradients, _ = _train(layer, _values((6, 5, 4, 3)), np.zeros(6, np.float32))
    assert np.isfinite(outputs).all()
    assert [gradient.any() for gradient in gradients] == [False] * 3
    assert all(np.array_equal(*pair) for pair in zip(layer.get_weights(), before, strict=True))


def test_a_large_mean_takes_no_digits() -> None:
    x = _values((64, 5, 4, 3), offset=3000.0)
    layer = _bind(_layer(x.shape, momentum=0.0))
    _train(layer, x, None)
    np.testing.assert_allclose(layer.moving_variance.numpy(), x.astype(np.float64).var(axis=(0, 1, 2)), rtol=1e-5)


def test_moments_that_overflowed_do_not_spoil_the_statistics() -> None:
    layer = _bind(_layer((6, 3)))
    before = layer.get_weights()
    x = _values((6, 3))
    x[2, 1] = np.inf
    outputs, *_ = _train(layer, x, None)
    assert not np.isfinite(outputs).all()
    assert all(np.array_equal(*pair) for pair in zip(layer.get_weights(), before, strict=True))


def test_half_precision_has_moments_in_float32() -> None:
    x = _values((32, 5, 4, 3), offset=30.0)
    layer = _bind(_layer(x.shape, dtype="mixed_float16", momentum=0.0))
    with count_by_weight(tf.ones(32)):
        outputs = layer(tf.constant(x, tf.float16), training=True)
    assert outputs.dtype == tf.float16
    exact = x.astype(np.float16).astype(np.float64)
    np.testing.assert_allclose(layer.moving_variance.numpy(), exact.var(axis=(0, 1, 2)), rtol=1e-5)


@pytest.mark.parametrize(("trainable", "training"), [(False, True), (True, False), (True, None)])
def test_else_a_layer_is_in_inference_mode_to_the_last_bit(trainable: bool, training: bool | None) -> None:
    x = _values((6, 5, 4, 3))
    stock, layer = _layer(x.shape), _bind(_layer(x.shape))
    layer.trainable = trainable
    with count_by_weight(tf.ones(6)):
        assert np.array_equal(layer(x, training=training), stock(x, training=False))
    assert all(np.array_equal(*pair) for pair in zip(layer.get_weights(), stock.get_weights(), strict=True))


def test_training_outside_a_counted_step_is_a_mistake() -> None:
    with pytest.raises(RuntimeError, match="norm normalises outside a counted step"):
        _bind(_layer((6, 3)))(_values((6, 3)), training=True)


def test_contexts_nest() -> None:
    layer = _bind(_layer((2, 1), momentum=0.0))
    x = np.array([[0.0], [4.0]], np.float32)
    with count_by_weight(tf.constant([1.0, 0.0])):
        with count_by_weight(tf.constant([0.0, 1.0])):
            layer(x, training=True)
            assert layer.moving_mean.numpy() == [4]
        layer(x, training=True)
        assert layer.moving_mean.numpy() == [0]


def test_a_bound_model_saves_as_stock_layers(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.BatchNormalization()])
    bind(keras_private.leaf_layers(model))
    x = _values((8, 4))
    with count_by_weight(tf.ones(8)):
        model(x, training=True)
    model.save(f"{tmp_path}/model.keras")
    loaded = keras.models.load_model(f"{tmp_path}/model.keras")
    assert np.array_equal(loaded(x), model(x))
    assert "call" not in vars(loaded.layers[-1])


def test_layers_are_found_at_any_depth(nested: keras.Model) -> None:
    inner, outer = batch_norms(nested)
    assert [inner.name, outer.name] == ["inner_norm", "outer_norm"]
    assert moving_statistics(inner, "") == ("pair/inner_norm/moving_mean", "pair/inner_norm/moving_variance")
    assert gamma_and_beta(outer) == {"outer_norm/gamma"}
    assert batch_norms(outer) == [outer]
    assert batch_norms(keras.layers.Dense(2)) == []


@pytest.fixture
def nested() -> keras.Model:
    pair = keras.Sequential([keras.Input((4,)), keras.layers.BatchNormalization(name="inner_norm")], name="pair")
    inputs = keras.Input((4,))
    return keras.Model(inputs, keras.layers.BatchNormalization(center=False, name="outer_norm")(pair(inputs)))


def test_a_renormalising_layer_can_only_be_frozen() -> None:
    layer = keras.layers.BatchNormalization(name="norm")
    # An option of the class in some versions of Keras.
    layer.renorm = True
    with pytest.raises(ConfigError, match=r"^phases\[0\].batch_norm: layer norm renormalises its batches"):
        moving_statistics(layer, "phases[0].batch_norm")


@pytest.mark.parametrize("call", [lambda step: step(), lambda step: tf.function(step)()], ids=["eager", "compiled"])
def test_statistics_move_once_a_call(call: Callable) -> None:
    layer = _bind(_layer((6, 3), momentum=0.5))
    x, before = _values((6, 3)), layer.moving_mean.numpy()

    def step() -> None:
        with count_by_weight(tf.ones(6)):
            layer(tf.constant(x), training=True)

    call(step)
    np.testing.assert_allclose(layer.moving_mean.numpy(), 0.5 * before + 0.5 * x.mean(axis=0), rtol=1e-6)


@pytest.mark.parametrize("options", [{}, {"scale": False}, {"center": False}, {"axis": 3}, {"axis": 1}])
@pytest.mark.parametrize("kind", SHAPES)
def test_fused_it_is_the_same_but_for_rounding(kind: str, options: dict[str, object]) -> None:
    shape = SHAPES[kind]
    if options.get("axis") == 3 and len(shape) < 4:
        options = {}
    layer = _bind(_layer(shape, **options))
    x = tf.constant(_values(shape))
    plain = layer(x, training=False)
    with fuse({layer.name}):
        np.testing.assert_allclose(layer(x, training=False), plain, rtol=1e-5, atol=1e-5)
        can_be = kind == "images" and options.get("axis") != 1
        assert ("FusedBatchNormV3" in _operations(layer, x, training=False)) == can_be
        with count_by_weight(tf.ones(shape[0])):
            assert "FusedBatchNormV3" not in _operations(layer, x, training=True), "it has moments of its own"
    np.testing.assert_array_equal(layer(x, training=False), plain, err_msg="outside it is Keras' own again")


def test_only_before_what_tensorflow_can_join_it_to_it_is_fused() -> None:
    inputs = keras.Input((8, 8, 3))

    def normalise(name: str) -> object:
        return keras.layers.BatchNormalization(name=name)(keras.layers.Conv2D(4, 3)(inputs))

    following = {
        "relu": keras.layers.ReLU(),
        "relu_by_name": keras.layers.Activation("relu"),
        "before_tanh": keras.layers.Activation("tanh"),
        "before_sigmoid": keras.layers.Activation("sigmoid"),
        "function": keras.ops.tanh,
        "output": lambda x: x,
    }
    outputs = [layer(normalise(name)) for name, layer in following.items()]
    both = normalise("both")
    outputs += [keras.layers.ReLU()(both), keras.layers.Activation("sigmoid")(both)]
    model = keras.Model(inputs, outputs)
    assert find_fusible(model) == {"relu", "relu_by_name", "output"}
    bind({layer.name: layer for layer in model.layers})

    @tf.function(autograph=False)
    def call(images: tf.Tensor) -> list[tf.Tensor]:
        with fuse(find_fusible(model)):
            return model(images, training=False)

    images = tf.constant(_values((2, 8, 8, 3)))
    for given, wanted in zip(call(images), model(images, training=False), strict=True):
        np.testing.assert_allclose(given, wanted, atol=1e-5)


def _operations(layer: keras.layers.Layer, x: tf.Tensor, training: bool) -> set[str]:
    traced = tf.function(lambda values: layer(values, training=training), autograph=False).get_concrete_function(x)
    return {one.type for one in traced.graph.get_operations()}
