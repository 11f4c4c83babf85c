"""A backbone that reads windows computes for each of them what it computes for a text of its own."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from kerastune_ft.backbones.base import Backbone
from kerastune_ft.backbones.build import build
from kerastune_ft.backbones.text_windows import make_unfolding_layers, with_windows
from kerastune_ft.config.facts.hub_families import HUB_FAMILIES
from kerastune_ft.config.options.backbones import KerasHub
from kerastune_ft.graph.partition import partition
from kerastune_ft.graph.rows.windows import FoldWindows

LENGTH = 8
FAMILIES = sorted(name for name, family in HUB_FAMILIES.items() if family.modality == "text")


def build_both(family: str) -> tuple[Backbone, Backbone]:
    keras.utils.clear_session()
    backbone = build(KerasHub.model_validate({"kind": "keras_hub", "class": family}), seed=0)
    return backbone, with_windows(backbone, backbone.input, LENGTH)


def make_rows(names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Two examples of three windows; the second has one window alone, of five tokens."""
    mask = np.ones((2, 3, LENGTH), np.int32)
    mask[1, 0, 5:], mask[1, 1:] = 0, 0
    tokens = np.random.default_rng(0).integers(3, 99, mask.shape).astype(np.int32) * mask
    return {name: tokens if name == "token_ids" else mask if name == "padding_mask" else 0 * mask for name in names}


def check_windows(family: str) -> None:
    plain, windowed = build_both(family)
    given = make_rows(plain.input.names)
    whole = np.asarray(windowed.model(given, training=False)).reshape(2, 3, LENGTH, -1)
    assert np.isfinite(whole).all(), "windows that fill up must not be NaN"
    one_by_one = plain.model({name: rows.reshape(6, LENGTH) for name, rows in given.items()}, training=False)
    present = given["padding_mask"].astype(bool)
    expected = np.asarray(one_by_one).reshape(whole.shape)
    np.testing.assert_allclose(whole[present], expected[present], rtol=1e-4, atol=1e-5)
    assert [unit.id for unit in windowed.units] == [unit.id for unit in plain.units]
    assert {id(variable) for variable in windowed.variables} == {id(variable) for variable in plain.variables}
    check_cut(windowed, given)


def check_cut(backbone: Backbone, given: dict[str, np.ndarray]) -> None:
    """Cut below the last unit with a head on it; what crosses has a row for each example."""
    text, model = backbone.input, backbone.model
    pooled = keras.layers.GlobalAveragePooling1D()(model.output, mask=text.padding_mask(model))
    outputs = FoldWindows(name="fold")(pooled, text.windows(model))
    whole = keras.Model(model.input, keras.layers.Dense(2, name="top")(outputs))
    parts = partition(whole, {variable.path for variable in backbone.units[-1].variables} | {"top/kernel"})
    assert parts.prefix is not None
    cut = parts.prefix(given, training=False)
    assert all(len(tensor) == 2 for tensor in keras.tree.flatten(cut))
    np.testing.assert_allclose(parts.tail(cut, training=False), whole(given, training=False), rtol=1e-5, atol=1e-6)


def test_windows_of_an_encoder() -> None:
    check_windows("BertBackbone")


def test_windows_of_a_decoder() -> None:
    check_windows("GPT2Backbone")


@pytest.mark.slow
@pytest.mark.parametrize("family", sorted(set(FAMILIES) - {"BertBackbone", "GPT2Backbone"}))
def test_windows_of_every_other_family(family: str) -> None:
    check_windows(family)


def test_the_description_of_the_input_tells_the_window() -> None:
    plain, windowed = build_both("BertBackbone")
    assert "window" not in plain.input.to_json()
    assert windowed.input.to_json()["window"] == LENGTH
    assert type(windowed.input).from_json(windowed.input.to_json(), windowed.input.tokenizer) == windowed.input
    assert plain.input.windows(plain.model) is None
    assert tuple(windowed.input.windows(windowed.model).shape) == (None, None, LENGTH)
    assert tuple(windowed.input.padding_mask(windowed.model).shape) == (None, LENGTH)
    assert {layer.name for layer in make_unfolding_layers(plain.input.names).values()} <= {
        layer.name for layer in windowed.model.layers
    }
