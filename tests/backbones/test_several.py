"""Backbones of several inputs: joined into one model, with units and names that tell them apart."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from kerastune_ft.backbones.several import join_backbones, trim_features
from kerastune_ft.config.options import phases as options
from kerastune_ft.errors import ConfigError
from kerastune_ft.graph.boundary import resolve
from tests.support.several_inputs import image_backbone, text_backbone

COLUMNS = {"numbers": [], "words": [], "width": 3}


@pytest.fixture(scope="module")
def joined() -> Any:
    keras.utils.clear_session()
    return join_backbones({"image": image_backbone(), "text": text_backbone()}, ["image"], COLUMNS, "mean")


def test_two_backbones_have_units_by_their_input_and_layers_of_other_names(joined: Any) -> None:
    assert [(unit.id, unit.part) for unit in joined.units] == [
        ("image.first", "image"), ("image.second", "image"), ("text.first", "text"), ("text.second", "text"),
    ]  # fmt: skip
    names = [layer.name for unit in joined.units for layer in unit.layers]
    assert names == ["first", "second", "text_first", "text_second"]
    assert joined.units[3].variables[0].path == "text_second/kernel"
    assert list(joined.model.input) == ["image", "token_ids", "padding_mask", "columns"]
    assert {name: tensor.shape for name, tensor in joined.outputs.items()} == {
        "image": (None, 2, 2, 6), "text": (None, None, 7), "columns": (None, 3),
    }  # fmt: skip
    assert joined.input.image_size == (8, 8)
    assert list(joined.input.padding_mask(joined.model)) == ["text"]


@pytest.mark.parametrize(
    ("unfreeze", "units"),
    [
        (options.Last(last=1), ("image.second", "text.second")),
        (options.From(unit="image.first"), ("image.first", "image.second")),
        (options.Match(globs=("text.*",)), ("text.first", "text.second")),
        (options.Fraction(share=0.5), ("image.second", "text.second")),
        (options.First(first=1), ("image.first", "text.first")),
    ],
)
def test_units_are_counted_by_backbone(joined: Any, unfreeze: Any, units: tuple[str, ...]) -> None:
    assert resolve(unfreeze, joined.units, "unfreeze").units == units


def test_more_units_than_one_of_the_backbones_has_are_refused(joined: Any) -> None:
    with pytest.raises(ConfigError, match="more than the 2 units there are of image"):
        resolve(options.Last(last=3), joined.units, "unfreeze")


def test_several_pictures_go_through_the_same_layers() -> None:
    keras.utils.clear_session()
    one = image_backbone()
    joined = join_backbones({"image": one}, ["image_1", "image_2"], {}, "mean")
    images = np.random.default_rng(0).uniform(0, 255, (2, 8, 8, 3)).astype(np.float32)
    found = joined.model({"image_1": images, "image_2": images[::-1]})
    np.testing.assert_allclose(found["image_1"], one.model(images), rtol=1e-6)
    np.testing.assert_allclose(found["image_2"], one.model(images[::-1]), rtol=1e-6)
    assert [unit.id for unit in joined.units] == ["first", "second"]
    assert len(joined.variables) == len(one.variables)


def test_class_tokens_are_trimmed_unless_the_first_is_taken() -> None:
    keras.utils.clear_session()
    text = text_backbone()
    joined = join_backbones({"text": text}, [], COLUMNS, "mean")
    marked = type(joined)(**{**vars(joined), "input": type(joined.input)(
        joined.input.parts, joined.input.names, joined.input.columns, {"text": 1})})  # fmt: skip
    assert trim_features(marked, "cls")["text"] is marked.outputs["text"]
    assert trim_features(marked, "mean")["text"] is not marked.outputs["text"]
    assert trim_features(marked, "mean")["columns"] is marked.outputs["columns"]
