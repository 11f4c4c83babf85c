from __future__ import annotations

import keras

from kerastune_ft.graph.costs import activation_bytes, forward_flops, largest_live_bytes


def test_costs_are_counted_from_the_graph() -> None:
    tokens = keras.Input((5,), dtype="int32")
    x = keras.layers.Embedding(100, 8)(tokens)
    assert forward_flops(keras.Model(tokens, keras.layers.Dense(3)(x))) == 2 * 5 * 8 * 3
    images = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(4, 3, padding="same")(images)
    x = keras.layers.DepthwiseConv2D(3, strides=2, padding="same")(x)
    model = keras.Model(images, keras.layers.BatchNormalization()(x))
    assert forward_flops(model) == 2 * (8 * 8 * 3 * 3 * 3 * 4 + 4 * 4 * 3 * 3 * 4)
    # Of attention, whose biases have two axes: query, key, value and output, once for each of 5 tokens.
    tokens = keras.Input((5, 12))
    attention = keras.Model(tokens, keras.layers.MultiHeadAttention(3, 4)(tokens, tokens))
    assert forward_flops(attention) == 2 * 5 * (3 * 12 * 3 * 4 + 3 * 4 * 12)
    assert activation_bytes(model) == 4 * (8 * 8 * 3 + 8 * 8 * 4 + 2 * 4 * 4 * 4)


def test_a_forward_pass_holds_what_is_still_read() -> None:
    x = images = keras.Input((4, 4, 2))
    for _ in range(3):
        x = keras.layers.Conv2D(2, 3, padding="same")(x)
    # Of a chain, what a layer reads and what it makes; of a sum, the first term besides.
    assert largest_live_bytes(keras.Model(images, x)) == 2 * 4 * 4 * 4 * 2
    assert largest_live_bytes(keras.Model(images, keras.layers.Add()([x, images]))) == 3 * 4 * 4 * 4 * 2
