"""Values that are looked at cost no memory, and stay what they were while their variable changes."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.graph.values import view_bytes, view_values


def _change(variable: keras.Variable, how: str) -> None:
    ones = tf.ones(variable.shape)
    if how == "optimizer":
        optimizer = keras.optimizers.AdamW(0.1)
        optimizer.build([variable])
        tf.function(lambda: optimizer.apply([ones], [variable]))()
    elif how == "assign":
        variable.assign(variable * 0)
    elif how == "add":
        variable.value.assign_add(ones)
    else:
        variable.value.scatter_nd_update([[0, 0]], [7.0])


@pytest.mark.parametrize("how", ["optimizer", "assign", "add", "scatter"])
def test_a_view_stays_what_it_was_when_its_variable_changes(how: str) -> None:
    variable = keras.Variable(np.full((64, 64), 3, np.float32))
    seen = view_values(variable)
    assert np.shares_memory(seen, view_values(variable)) and not seen.flags.writeable
    _change(variable, how)
    assert (seen == 3).all()
    assert view_values(variable)[0, 0] != 3


@pytest.mark.parametrize("dtype", ["bfloat16", "float16", "int32", "bool", "uint32"])
def test_any_type_and_shape(dtype: str) -> None:
    for shape in ((), (3,)):
        variable = keras.Variable(np.ones(shape), dtype=dtype, trainable=False)
        assert np.array_equal(view_values(variable).astype(np.float32), np.ones(shape))
        assert bytes(view_bytes(variable)) == variable.numpy().tobytes()


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_views_stay_while_rows_change_in_place_and_a_view_is_set_again(dtype: str) -> None:
    # Once rows were scattered, TensorFlow changes the memory of a variable in place, and copies it when it is read.
    variable = keras.Variable(np.arange(64 * 16).reshape(64, 16) / 1024, dtype=dtype)
    native = variable.value
    rows = tf.IndexedSlices(tf.ones((3, 16), native.dtype), tf.constant([1, 5, 5]))
    seen: list[tuple[np.ndarray, np.ndarray]] = []

    def look() -> None:
        view = view_values(variable)
        seen.append((view, np.array(view)))

    @tf.function
    def train() -> None:
        for _ in tf.range(3):
            native.scatter_sub(rows)
            native.assign_add(tf.ones_like(native))
            native.scatter_add(rows)

    look()
    for _ in range(2):
        train()
        look()
    variable.assign(seen[0][0])
    assert np.array_equal(view_values(variable), seen[0][1])
    look()
    train()
    look()
    assert all(np.array_equal(view, copy) for view, copy in seen)
    assert not np.array_equal(seen[-1][0], seen[-2][0])
