from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.graph.rows import pooling


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("channels", [3, 8, 12, 20, 50, 100])
def test_a_row_is_pooled_alike_wherever_it_stands(channels: int, keepdims: bool) -> None:
    row = np.random.default_rng(channels).normal(size=(1, 7, 5, channels)).astype(np.float32)
    layer = keras.layers.GlobalAveragePooling2D(keepdims=keepdims)
    stock = layer(row).numpy()
    pooling.bind({"pooling": layer})
    call = tf.function(layer, autograph=False)
    pooled = call(tf.constant(np.repeat(row, 5, axis=0))).numpy()
    assert pooled.shape == (5, *stock.shape[1:])
    assert all(np.array_equal(pooled[0], other) for other in pooled)
    np.testing.assert_allclose(pooled[:1], stock, atol=1e-6)


def test_what_it_is_not_made_for_is_left_to_keras() -> None:
    layer = keras.layers.GlobalAveragePooling2D(dtype="float16")
    pooling.bind({"pooling": layer})
    assert layer(np.ones((2, 3, 3, 12), np.float16)).dtype == tf.float16
