"""Gradients in segments are those of the whole tail, with dropout drawn alike both times."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.graph import keras_private, randomness
from kerastune_ft.graph.rebuild.segments import cut_segments
from kerastune_ft.training.updates.recomputation import SegmentedTail

RANDOM = np.random.default_rng(0)
ROWS = RANDOM.normal(size=(4, 6)).astype(np.float32)
MASK = np.array([[1], [1], [0], [1]], np.int32)


def _net(rate: float = 0.3) -> tuple[keras.Model, dict[str, int]]:
    """Three blocks with a residual each; the mask is read by all, and a tensor of the first by the last."""
    rows, mask = keras.Input((6,), name="rows"), keras.Input((1,), dtype="int32", name="mask")
    passed = keras.layers.Identity(dtype="int32", name="mask_passed")(mask)
    x, blocks, first = rows, {}, None
    for number in range(3):
        y = keras.layers.Dense(6, activation="tanh", name=f"dense_{number}")(x)
        y = keras.layers.Dropout(rate, name=f"drop_{number}")(y)
        y = y * keras.ops.cast(passed, "float32")
        x = keras.layers.Add(name=f"add_{number}")([x, y])
        blocks |= {f"dense_{number}": number, f"drop_{number}": number, f"add_{number}": number}
        first = x if first is None else first
    x = keras.layers.Dense(3, name="out")(keras.layers.Concatenate(name="both")([x, first]))
    blocks["out"] = 3
    model = keras.Model([rows, mask], x)
    randomness.bind(keras_private.leaf_layers(model))
    return model, blocks


def _loss(outputs: Any) -> tuple[Any, Any]:
    return tf.reduce_sum(tf.square(outputs)), tf.reduce_mean(outputs)


def _keys() -> tf.Tensor:
    return randomness.example_keys("1/0", 2, tf.range(4))


def _whole(model: keras.Model, variables: list[Any], features: Any) -> tuple[list[Any], Any]:
    with randomness.address_draws(_keys()), tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(variables)
        total, mean = _loss(model(features, training=True))
    return tape.gradient(total, variables), mean


@pytest.mark.parametrize("trained", [("dense_0", "dense_1", "dense_2", "out"), ("dense_1",), ("dense_0", "out")])
def test_gradients_are_those_of_the_whole(trained: tuple[str, ...]) -> None:
    model, blocks = _net()
    variables = [each.value for name in trained for each in model.get_layer(name).trainable_variables]
    cut = SegmentedTail(model, cut_segments(model, blocks))
    features = [tf.constant(ROWS), tf.constant(MASK)]

    def compute() -> Any:
        with randomness.address_draws(_keys()):
            return cut.differentiate(features, variables, _loss)

    expected, mean = _whole(model, variables, features)
    for call in (compute, tf.function(compute, autograph=False)):
        found, beside = call()
        assert float(beside) == pytest.approx(float(mean), rel=1e-4, abs=1e-6)
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=2e-4, atol=1e-5)


def test_every_block_but_the_last_is_computed_twice() -> None:
    model, blocks = _net(0.0)
    variables = [each.value for each in model.trainable_variables]
    cut = SegmentedTail(model, cut_segments(model, blocks))
    call = tf.function(
        lambda: cut.differentiate([tf.constant(ROWS), tf.constant(MASK)], variables, _loss), autograph=False
    )
    graph = call.get_concrete_function().graph.as_graph_def()
    tanh = [node for node in graph.node if node.op == "Tanh"]
    assert len(tanh) == 2 * 3
    # What is computed again waits for the gradient of what it gives.
    assert any(name.startswith("^") for node in graph.node if node.op == "Identity" for name in node.input)
