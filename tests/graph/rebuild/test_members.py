"""One model of several: shared layers once, others by member."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from kerastune_ft.graph.rebuild.members import MemberGraph, find_shared_layers


@pytest.fixture(scope="module")
def model() -> keras.Model:
    keras.utils.set_random_seed(0)
    inputs = keras.Input((4,), name="numbers")
    low = keras.layers.Dense(3, name="low")(inputs)
    middle = keras.layers.Dense(3, name="middle", activation="tanh")(low)
    # A layer that is used twice, below and above what changes.
    again = low + keras.layers.Activation("relu", name="act")(middle)
    return keras.Model(inputs, keras.layers.Dense(2, name="out")(again))


def test_what_nobody_changed_is_there_once_and_answers_are_those_of_each(model: keras.Model) -> None:
    x = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)
    changed = {variable.path for variable in model.get_layer("out").variables}
    graph = MemberGraph(model, changed)
    expected, outputs = [], []
    for number in range(3):
        model.get_layer("out").set_weights([np.full((3, 2), number, np.float32), np.arange(2, dtype=np.float32)])
        expected.append(model(x).numpy())
        outputs.append(graph.add(f"member_{number}"))
    joined = keras.Model(graph.inputs, outputs)
    for found, wanted in zip(joined(x), expected, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-6)
    names = [layer.name for layer in joined.layers]
    assert names.count("low") == names.count("middle") == 1
    assert {"member_0_out", "member_1_out", "member_2_out"} <= set(names)
    assert find_shared_layers(joined, ["member_0", "member_1", "member_2"]) == ("low", "middle")


def test_where_all_changed_nothing_is_shared(model: keras.Model) -> None:
    graph = MemberGraph(model, {variable.path for variable in model.variables})
    joined = keras.Model(graph.inputs, [graph.add("a"), graph.add("b")])
    assert find_shared_layers(joined, ["a", "b"]) == ()
    x = np.ones((2, 4), np.float32)
    for found in joined(x):
        np.testing.assert_allclose(found, model(x), rtol=1e-6)
