"""Graphs that use layers several times: their units, and every cut between them."""

from __future__ import annotations

import functools
import itertools

import keras
import numpy as np
import pytest

from kerastune_ft.graph import keras_private, lora
from kerastune_ft.graph.depth import find_alternating, join_alternating, units_by_depth
from kerastune_ft.graph.partition import Partition, partition, split_prefix
from kerastune_ft.graph.rebuild import precision
from kerastune_ft.graph.rebuild.flat import FlatCopy
from kerastune_ft.graph.units import Unit
from tests.support.graph_models import paths_from
from tests.support.odd_graphs import GRAPHS, odd_model

ODD = pytest.mark.parametrize("name", GRAPHS)


@functools.cache
def _flat(name: str) -> tuple[keras.Model, tuple[Unit, ...]]:
    """Return a model as the backbone `saved` makes it, with its units."""
    images = keras.Input((4, 4, 3), name="given")
    model = keras.Model(images, FlatCopy(odd_model(name), images).output)
    return model, join_alternating(model, units_by_depth(model))


def _images(rows: int = 3) -> np.ndarray:
    return np.random.default_rng(1).normal(size=(rows, 4, 4, 3)).astype(np.float32)


def _in_two(parts: Partition, images: np.ndarray) -> np.ndarray:
    cut = images if parts.prefix is None else parts.prefix(images, training=False)
    return parts.tail(cut, training=False).numpy()


@ODD
def test_units_are_those_that_can_be_parted(name: str) -> None:
    model, units = _flat(name)
    assert [" ".join(layer.name for layer in unit.layers) for unit in units] == GRAPHS[name][1]
    assert [unit.id for unit in units] == [f"part{number}" for number in range(1, len(units) + 1)]
    held = [variable.path for unit in units for variable in unit.base_variables]
    assert sorted(held) == sorted({variable.path for variable in model.variables if "seed" not in variable.path})


@ODD
def test_every_cut_computes_the_same_to_the_bit(name: str) -> None:
    model, units = _flat(name)
    images = _images()
    whole = model(images, training=False).numpy()
    assert np.isfinite(whole).all() and whole.std() > 0
    cuts = [partition(model, paths_from(units, first)) for first in range(1, len(units))]
    # One unit alone trains as well, what follows it staying frozen.
    alone = [partition(model, {variable.path for variable in unit.variables}) for unit in units[1:]]
    for parts in (*cuts, *alone):
        assert parts.prefix is not None
        assert np.array_equal(_in_two(parts, images), whole), parts.cut_names
        assert len(set(parts.cut_names)) == len({id(tensor) for tensor in parts.cut})
    for earlier, later in itertools.pairwise(cuts):
        features = images
        for stage in split_prefix(later, earlier):
            features = stage.model(features, training=False)
        assert np.array_equal(later.tail(features, training=False), whole), (earlier.cut_names, later.cut_names)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["two by turns", "one around another", "a model in two branches"])
def test_adapters_and_half_precision_on_layers_used_twice(name: str) -> None:
    model, units = _flat.__wrapped__(name)
    images = _images()
    for unit in units[1:]:
        for layer in unit.layers:
            if lora.can_carry(layer):
                adapter = lora.attach(layer, layer.name, rank=2, alpha=4, seed=0)
                adapter.b.assign(np.full(adapter.b.shape, 0.1, np.float32))
    whole = model(images, training=False).numpy()
    parts = partition(
        model, {variable.path for unit in units[1:] for one in unit.adapters for variable in one.variables}
    )
    assert np.array_equal(_in_two(parts, images), whole)
    half = precision.rebuild(model, "mixed_bfloat16")
    again = [precision.unit_in(unit, half) for unit in units]
    assert [[layer.name for layer in unit.layers] for unit in again] == [
        [layer.name for layer in unit.layers] for unit in units
    ]
    np.testing.assert_allclose(half(images, training=False), whole, atol=0.05)
    lora.merge(model)
    np.testing.assert_allclose(model(images, training=False), whole, rtol=1e-4, atol=1e-5)


def test_uses_side_by_side_are_no_turns() -> None:
    for name in ("siamese", "a model in two branches"):
        assert find_alternating(_flat(name)[0]) == []
    assert [(a.name, b.name) for a, b in find_alternating(_flat("three by turns")[0])] == [
        ("p", "q"), ("p", "r"), ("q", "r"),
    ]  # fmt: skip


def test_keras_own_way_is_kept_where_no_layer_is_on_both_sides() -> None:
    model, units = _flat("two by turns")
    below = partition(model, paths_from(units, 2))
    assert below.cut_names == ("q.use2",)
    again = keras.Model(below.cut[0], model.output)
    assert [layer.name for layer in again.layers[1:]] == [layer.name for layer in below.tail.layers[1:]]
    copied = keras_private.model_between([model.get_layer("s").output], model.output)
    assert [node.operation.name for node in keras_private.nodes_in_order(copied)][1:] == list("pqpqe")
