"""Windows in a graph: cuts have a row for each example, and the parts compute what a model written by hand does."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.config.options.heads import Head
from kerastune_ft.graph import costs
from kerastune_ft.graph.partition import partition, split_prefix, tensor_bytes
from kerastune_ft.graph.rows.windows import FoldWindows, UnfoldWindows, call_in_stock_operations, find_window_rows
from kerastune_ft.layers.heads import dense_head

LENGTH, WIDTH, CLASSES = 5, 6, 3


def build_encoder(pooling: Any = "mean") -> keras.Model:
    """Return a model of windows with layers `first` and `second`, which attends within each window alone."""
    keras.utils.clear_session()
    keras.utils.set_random_seed(1)
    given = {name: keras.Input((None, LENGTH), dtype="int32", name=name) for name in ("tokens", "mask")}
    windows = keras.layers.Identity(dtype="int32", name="windows")(given["mask"])
    filled = keras.ops.maximum(windows, 1 - keras.ops.max(windows, axis=-1, keepdims=True))
    mask = UnfoldWindows(name="mask_rows", dtype="int32")(filled)
    x = UnfoldWindows(name="token_rows", dtype="int32")(given["tokens"])
    x = keras.layers.Embedding(11, WIDTH, name="embedding")(x)
    x = keras.layers.Dense(WIDTH, "tanh", name="first")(x)
    absent = keras.ops.expand_dims(1.0 - keras.ops.cast(mask, "float32"), 1)
    scores = keras.ops.matmul(x, keras.ops.swapaxes(x, 1, 2)) - 1e9 * absent
    x = keras.layers.Dense(WIDTH, "tanh", name="second")(keras.ops.matmul(keras.ops.softmax(scores), x))
    return keras.Model(given, dense_head(x, Head(pooling=pooling), CLASSES, 0, mask=mask, windows=windows))


def make_examples(windows: int = 3) -> dict[str, np.ndarray]:
    """Return four examples of one to three windows, the last of which may have fewer tokens."""
    random = np.random.default_rng(0)
    tokens = random.integers(0, 11, (4, windows, LENGTH)).astype(np.int32)
    counts = np.zeros((4, windows), int)
    counts[:, 0] = LENGTH
    counts[1, 1], counts[2, 1], counts[2, 2] = LENGTH - 2, LENGTH, 2
    return {"tokens": tokens, "mask": (np.arange(LENGTH) < counts[..., np.newaxis]).astype(np.int32)}


def by_hand(model: keras.Model, tokens: tf.Tensor, mask: tf.Tensor, pooling: str = "mean") -> tf.Tensor:
    """Compute the encoder and its head example by example, window by window, as a loop."""
    rows = []
    for example in range(tokens.shape[0]):
        total, weight = 0.0, 0.0
        for window in range(tokens.shape[1]):
            here = tf.cast(mask[example, window], tf.float32)
            if not tf.reduce_sum(here):
                continue
            x = tf.gather(model.get_layer("embedding").embeddings.value, tokens[example, window])
            first, second, output = (model.get_layer(name) for name in ("first", "second", "head_output"))
            x = tf.tanh(x @ first.kernel.value + first.bias.value)
            attended = tf.nn.softmax(x @ tf.transpose(x) - 1e9 * (1 - here)) @ x
            x = tf.tanh(attended @ second.kernel.value + second.bias.value)
            last = int(tf.reduce_sum(here)) - 1
            pooled = {
                "mean": tf.reduce_sum(x * here[:, tf.newaxis], 0) / tf.reduce_sum(here),
                "max": tf.reduce_max(x[: last + 1], 0),
                "cls": x[0],
                "last": x[last],
            }[pooling]
            total, weight = total + pooled, weight + 1
        rows.append((total / weight)[tf.newaxis] @ output.kernel.value + output.bias.value)
    return tf.concat(rows, 0)


@pytest.mark.parametrize("pooling", ["max", "cls", "last"])
def test_windows_are_pooled_one_by_one_and_then_together(pooling: str) -> None:
    model, given = build_encoder(pooling), make_examples()
    np.testing.assert_allclose(model(given), by_hand(model, given["tokens"], given["mask"], pooling), atol=1e-5)


def test_more_windows_that_fill_up_change_nothing() -> None:
    model, given = build_encoder(), make_examples()
    wider = {name: np.pad(rows, ((0, 0), (0, 4), (0, 0)), constant_values=0) for name, rows in given.items()}
    wider["tokens"][:, 3:] = 7
    np.testing.assert_array_equal(model(wider), model(given))


def test_gradients_through_windows_are_those_of_a_loop() -> None:
    model, given = build_encoder(), make_examples()
    found = []
    for call in (lambda: model(given, training=False), lambda: by_hand(model, given["tokens"], given["mask"])):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(call() ** 2)
        found.append(tape.gradient(loss, [one.value for one in model.trainable_variables]))
    for own, other in zip(*found, strict=True):
        np.testing.assert_allclose(tf.convert_to_tensor(own), tf.convert_to_tensor(other), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("trained", ["first", "second", "head_output"])
def test_a_cut_has_a_row_for_each_example(trained: str) -> None:
    model, given = build_encoder(), make_examples()
    parts = partition(model, {f"{trained}/kernel"}, {"head_dropout"})
    assert parts.prefix is not None
    cut = parts.prefix(given)
    assert all(tensor.shape[0] == 4 for tensor in tf.nest.flatten(cut))
    assert [tuple(each.shape) for each in parts.cut] == [tuple(each.shape) for each in parts.prefix.outputs]
    np.testing.assert_array_equal(parts.tail(cut), model(given))
    if trained == "head_output":
        assert [tuple(tensor.shape) for tensor in parts.cut] == [(None, WIDTH)]
    else:
        assert (None, None, LENGTH, WIDTH) in [tuple(tensor.shape) for tensor in parts.cut]
        assert tensor_bytes(parts.cut[0], 3) == 3 * LENGTH * WIDTH * 4


def test_a_prefix_of_two_stages_has_a_row_for_each_example_in_between() -> None:
    model, given = build_encoder(), make_examples()
    first, second = (partition(model, {f"{name}/kernel", "head_output/kernel"}) for name in ("first", "second"))
    values: Any = given
    for stage in split_prefix(second, first):
        values = stage.model(values)
        assert all(tensor.shape[:1] == [4] for tensor in tf.nest.flatten(values))
    np.testing.assert_array_equal(second.tail(values), model(given))


def test_windows_are_known_from_where_they_begin_to_where_they_are_folded() -> None:
    model = build_encoder()
    rows, shaping = find_window_rows(model)
    assert id(model.get_layer("second").output) in rows
    assert id(model.get_layer("head_windows").output) not in rows
    assert tuple(shaping.shape) == (None, None, LENGTH)
    plain = keras.Input((2,))
    assert find_window_rows(keras.Model(plain, keras.layers.Dense(1)(plain))) == (frozenset(), None)


def test_the_cost_of_windows_grows_with_their_number() -> None:
    model = build_encoder()
    one, three = costs.forward_flops(model, 1), costs.forward_flops(model, 3)
    head = 2 * WIDTH * CLASSES
    assert one == 2 * LENGTH * 2 * WIDTH * WIDTH + head
    assert three == 3 * (one - head) + head
    assert 2.5 < costs.activation_bytes(model, 3) / costs.activation_bytes(model, 1) < 3
    assert 2 < costs.largest_live_bytes(model, 3) / costs.largest_live_bytes(model, 1) <= 3


def test_stock_operations_compute_the_same() -> None:
    model, given = build_encoder(), make_examples()
    stock = keras.models.clone_model(model, call_function=call_in_stock_operations)
    stock.set_weights(model.get_weights())
    assert not any(isinstance(layer, UnfoldWindows | FoldWindows) for layer in stock.layers)
    np.testing.assert_allclose(stock(given), model(given), rtol=1e-6)
    np.testing.assert_allclose(stock.predict(given, verbose=0), model(given), rtol=1e-6)


def test_the_layers_are_made_again_from_their_configuration() -> None:
    for layer in (UnfoldWindows(name="rows", dtype="int32"), FoldWindows(name="again", dtype="float32")):
        assert type(layer).from_config(layer.get_config()).get_config() == layer.get_config()
