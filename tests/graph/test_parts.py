"""A model of several inputs is cut for each of them, up to where they are joined."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.graph.parts import find_owners, join_parts, partition_parts, split_parts

INPUTS = {"left": ("left",), "right": ("right",), "columns": ("columns",)}


@pytest.fixture(scope="module")
def model() -> keras.Model:
    """Two pictures through the same two layers, and columns, joined by a head."""
    given = {"left": keras.Input((6,), name="left"), "right": keras.Input((6,), name="right")}
    columns = keras.Input((2,), name="columns")
    first, second = keras.layers.Dense(5, "relu", name="first"), keras.layers.Dense(4, "relu", name="second")
    read = [second(first(each)) for each in given.values()]
    passed = keras.layers.Identity(name="columns_passed")(columns)
    joined = keras.layers.Concatenate(name="head_join")([*read, passed])
    outputs = keras.layers.Dense(1, name="head_output")(joined)
    return keras.Model({**given, "columns": columns}, outputs)


def paths(model: keras.Model, *names: str) -> set[str]:
    return {variable.path for name in names for variable in model.get_layer(name).variables}


def batch() -> dict[str, tf.Tensor]:
    random = np.random.default_rng(0)
    return {name: tf.constant(random.normal(size=(3, size)), tf.float32) for name, size in
            (("left", 6), ("right", 6), ("columns", 2))}  # fmt: skip


@pytest.mark.parametrize("trained", [("head_output",), ("head_output", "second"), ("head_output", "second", "first")])
def test_prefixes_and_tail_compute_what_the_model_does(model: keras.Model, trained: tuple[str, ...]) -> None:
    cut = partition_parts(model, paths(model, *trained), (), INPUTS)
    given = batch()
    features = [
        given[part.name] if part.partition.prefix is None else part.partition.prefix(given[part.name])
        for part in cut.parts
    ]
    found = cut.tail(join_parts(cut.parts, features))
    np.testing.assert_allclose(found, model(given), rtol=1e-6)
    has_prefix = [part.partition.prefix is not None for part in cut.parts]
    assert has_prefix == [len(trained) < 3, len(trained) < 3, False]


def test_the_tail_begins_where_inputs_meet_whatever_trains(model: keras.Model) -> None:
    cut = partition_parts(model, paths(model, "head_output"), (), INPUTS)
    assert cut.cut_names == ("second", "second.use2", "columns")
    assert [part.places for part in cut.parts] == [(0,), (1,), (2,)]


def test_a_part_has_stages_of_what_stays_frozen_for_longer(model: keras.Model) -> None:
    now = partition_parts(model, paths(model, "head_output"), (), INPUTS)
    later = partition_parts(model, paths(model, "head_output", "second"), (), INPUTS)
    stages = split_parts(now, later)
    # Which of two uses of a layer is the first in the graph is nobody's business.
    layers = {name: [stage.cut_names[0].partition(".")[0] for stage in own] for name, own in stages.items()}
    assert layers == {"left": ["first", "second"], "right": ["first", "second"], "columns": []}
    given = batch()
    for name in ("left", "right"):
        value = given[name]
        for stage in stages[name]:
            value = stage.model(value)
        whole = next(part for part in now.parts if part.name == name).partition.prefix
        np.testing.assert_allclose(value, whole(given[name]), rtol=1e-6)


def test_tensors_are_owned_by_the_input_they_come_from(model: keras.Model) -> None:
    owners = find_owners(model, INPUTS)
    assert owners[id(model.output)] is None
    assert {owners[id(model.input[name])] for name in INPUTS} == set(INPUTS)


def test_the_models_of_parts_can_be_described_whatever_is_cut_after_them(model: keras.Model) -> None:
    first = partition_parts(model, paths(model, "head_output"), (), INPUTS)
    later = partition_parts(model, paths(model, "head_output", "second"), (), INPUTS)
    for cut in (first, later):
        for part in cut.parts:
            assert part.partition.prefix is None or part.partition.prefix.get_config()["layers"]
    assert model.get_config()["input_layers"]


def test_inputs_of_a_part_that_nothing_is_frozen_of_keep_their_order() -> None:
    given = {name: keras.Input((2,), name=name) for name in ("tokens", "mask", "other")}
    read = keras.layers.Dense(3, name="read")(keras.layers.Subtract()([given["tokens"], given["mask"]]))
    other = keras.layers.Dense(3, name="seen")(given["other"])
    small = keras.Model(given, keras.layers.Dense(1, name="top")(keras.layers.Concatenate()([read, other])))
    inputs = {"text": ("tokens", "mask"), "image": ("other",)}
    cut = partition_parts(small, paths(small, "top", "read"), (), inputs)
    assert cut.cut_names == ("tokens", "mask", "seen")
    values = {name: tf.constant([[number, 1.0]]) for number, name in enumerate(given)}
    features = [{name: values[name] for name in ("mask", "tokens")}, cut.parts[1].partition.prefix(values["other"])]
    np.testing.assert_allclose(cut.tail(join_parts(cut.parts, features)), small(values), rtol=1e-6)
