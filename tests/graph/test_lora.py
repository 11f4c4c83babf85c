"""Adapters on single layers and small models: no effect until they train, merged they compute the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.graph import keras_private, lora
from kerastune_ft.graph.rebuild import precision
from kerastune_ft.graph.rebuild.flat import copy_values
from kerastune_ft.graph.trainable import trainable_paths

layers = keras.layers
DRAW = np.random.default_rng(0)


def images(channels: int = 6) -> np.ndarray:
    return DRAW.normal(size=(3, 8, 8, channels)).astype(np.float32)


def rows(length: int = 5, width: int = 6) -> np.ndarray:
    return DRAW.normal(size=(3, length, width)).astype(np.float32)


# A layer of every kind, what it takes, and the parameters that an adapter of rank 2 has on it.
KINDS: dict[str, tuple[Callable[[], keras.layers.Layer], np.ndarray, int]] = {
    "dense": (lambda: layers.Dense(7, "gelu"), rows(), 2 * (6 + 7)),
    "dense of rows": (lambda: layers.Dense(7, use_bias=False), rows()[:, 0], 2 * (6 + 7)),
    "query": (lambda: layers.EinsumDense("abc,cde->abde", (None, 3, 4), bias_axes="de"), rows(), 2 * (6 + 12)),
    "attention output": (
        lambda: layers.EinsumDense("abcd,cde->abe", (None, 6), bias_axes="e"), images(4)[:, :5, :3], 2 * (12 + 6),
    ),
    "any rank": (lambda: layers.EinsumDense("...x,xy->...y", 7, activation="relu"), rows(), 2 * (6 + 7)),
    "kernel turned": (lambda: layers.EinsumDense("abc,dc->abd", (None, 7)), rows(), 2 * (6 + 7)),
    "conv1d": (lambda: layers.Conv1D(7, 3, 2, padding="same"), rows(), 2 * (18 + 7)),
    "conv2d": (lambda: layers.Conv2D(7, 3, 2, activation="relu"), images(), 2 * (54 + 7)),
    "conv2d wide": (lambda: layers.Conv2D(7, 3, dilation_rate=2, padding="same"), images(), 2 * (54 + 7)),
    "pointwise": (lambda: layers.Conv2D(7, 1, use_bias=False), images(), 2 * (6 + 7)),
    "conv3d": (lambda: layers.Conv3D(4, 2), images(8).reshape(3, 4, 4, 8, 4), 2 * (32 + 4)),
    "embedding": (lambda: layers.Embedding(11, 4), DRAW.integers(0, 11, (3, 5)), 2 * (11 + 4)),
}  # fmt: skip


def model_of(layer: keras.layers.Layer, inputs: np.ndarray) -> keras.Model:
    x = keras.Input(inputs.shape[1:], dtype=str(inputs.dtype))
    return keras.Model(x, layer(x))


def shaken(adapters: list[lora.Adapter]) -> None:
    """Give both factors values of a trained size."""
    for adapter in adapters:
        for variable in adapter.variables:
            variable.assign(DRAW.normal(size=variable.shape) * 0.5)


@pytest.mark.parametrize("kind", KINDS)
def test_an_adapter_has_no_effect_until_it_trains_and_is_small(kind: str) -> None:
    make, inputs, parameters = KINDS[kind]
    layer = make()
    model = model_of(layer, inputs)
    before = model(inputs).numpy()
    assert lora.can_carry(layer)
    adapter = lora.attach(layer, "here", 2, 2, seed=0)
    assert np.array_equal(model(inputs).numpy(), before)
    assert sum(variable.numpy().size for variable in adapter.variables) == parameters
    assert {variable.path.rpartition("/")[2] for variable in adapter.variables} == {"lora_a", "lora_b"}
    assert all(variable.path.startswith(f"{layer.name}/") for variable in adapter.variables)


@pytest.mark.parametrize("kind", KINDS)
def test_merged_it_computes_the_same(kind: str) -> None:
    make, inputs, _ = KINDS[kind]
    layer = make()
    model = model_of(layer, inputs)
    before = model(inputs).numpy()
    adapter = lora.attach(layer, "here", 2, 3, seed=0)
    shaken([adapter])
    adapted = model(inputs).numpy()
    assert np.abs(adapted - before).max() > 0.05
    stock = keras.models.clone_model(model)
    hashes = lora.merge(model)
    assert list(hashes) == [adapter.kernel.path]
    assert not adapter.delta().any()
    np.testing.assert_allclose(model(inputs).numpy(), adapted, rtol=0, atol=1e-5)
    copy_values(model, stock)
    assert np.array_equal(stock(inputs).numpy(), model(inputs).numpy())


@pytest.mark.parametrize("kind", KINDS)
def test_both_factors_learn_and_the_kernel_gets_no_gradient(kind: str) -> None:
    make, inputs, _ = KINDS[kind]
    layer = make()
    model = model_of(layer, inputs)
    adapter = lora.attach(layer, "here", 2, 2, seed=0)
    shaken([adapter])
    native = [variable.value for variable in adapter.variables]
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(native)
        loss = tf.reduce_sum(tf.square(model(inputs)))
    assert all(np.abs(tf.convert_to_tensor(one)).max() > 0 for one in tape.gradient(loss, native))
    assert not set(trainable_paths(layer)) & {variable.path for variable in adapter.variables}


class _Own(keras.layers.Dense):
    """A layer of somebody's own, whose call may be another."""


@pytest.mark.parametrize(
    "layer",
    [
        layers.DepthwiseConv2D(3),
        layers.Conv2D(6, 3, groups=2),
        layers.Conv1D(6, 3, padding="causal"),
        layers.SeparableConv2D(6, 3),
        layers.LayerNormalization(),
        layers.EinsumDense("abc,bcd->abd", (5, 4)),
        _Own(4),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_what_cannot_carry_one(layer: keras.layers.Layer) -> None:
    assert not lora.can_carry(layer)


def test_a_layer_with_adapters_of_keras_cannot_carry_another() -> None:
    layer = layers.Dense(4)
    layer.build((None, 4))
    layer.enable_lora(2)
    assert not lora.can_carry(layer)


def test_initial_values_are_addressed_by_seed_and_path() -> None:
    def draw(seed: int, path: str) -> np.ndarray:
        keras.utils.set_random_seed(int(DRAW.integers(1000)))
        layer = layers.Dense(4)
        layer.build((None, 9))
        return lora.attach(layer, path, 2, 2, seed).a.numpy()

    assert np.array_equal(draw(1, "x"), draw(1, "x"))
    assert not np.array_equal(draw(1, "x"), draw(2, "x"))
    assert not np.array_equal(draw(1, "x"), draw(1, "y"))
    assert 0.1 < np.abs(draw(1, "x")).max() <= 1 / 3


def transformer() -> keras.Model:
    """Return a model whose layers with kernels lie within others."""
    x = keras.Input((5, 6), name="x")
    attended = layers.MultiHeadAttention(2, 3, name="attention")(x, x)
    return keras.Model(x, layers.Dense(2, name="out")(x + attended))


def adapted_transformer() -> tuple[keras.Model, list[lora.Adapter]]:
    model = transformer()
    for path, leaf in keras_private.leaf_layers(model).items():
        if lora.can_carry(leaf):
            lora.attach(leaf, path, 2, 2, seed=0)
    found = lora.adapters([model])
    shaken(found)
    return model, found


def test_layers_within_layers_carry_adapters_under_names_of_their_own() -> None:
    model, found = adapted_transformer()
    assert {adapter.path for adapter in found} == {
        "attention/query", "attention/key", "attention/value", "attention/attention_output", "out",
    }  # fmt: skip
    paths = [variable.path for variable in model.variables]
    assert len(paths) == len(set(paths))
    assert "attention/query/lora_a" in paths


def test_the_twin_in_half_precision_has_them_too() -> None:
    model, found = adapted_transformer()
    twin = precision.rebuild(model, precision.BFLOAT16)
    others = lora.adapters([twin])
    assert [other.path for other in others] == [adapter.path for adapter in found]
    for adapter, other in zip(found, others, strict=True):
        for one, same in zip(adapter.variables, other.variables, strict=True):
            assert (one.path, same.dtype) == (same.path, "float32")
            assert np.array_equal(one.numpy(), same.numpy())
    inputs = rows()
    assert twin(inputs).dtype == tf.bfloat16
    np.testing.assert_allclose(tf.cast(twin(inputs), tf.float32), model(inputs), rtol=0.1, atol=0.1)
    again = precision.rebuild(twin, precision.FLOAT32)
    assert np.array_equal(again(inputs).numpy(), model(inputs).numpy())


def test_a_file_of_the_merged_model_knows_no_adapters(tmp_path: Path) -> None:
    model, _ = adapted_transformer()
    inputs = rows()
    adapted = model(inputs).numpy()
    lora.merge(model)
    stock: Any = keras.models.clone_model(model)
    copy_values(model, stock)
    stock.save(tmp_path / "merged.keras")
    opened = keras.models.load_model(tmp_path / "merged.keras")
    assert [variable.path for variable in opened.variables] == [variable.path for variable in transformer().variables]
    np.testing.assert_allclose(opened(inputs).numpy(), adapted, rtol=0, atol=1e-5)
