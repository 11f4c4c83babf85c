"""Every family of keras-hub in a tiny random model: units, cuts, gradients, precision, saving."""

from __future__ import annotations

import warnings
from collections.abc import Collection
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.backbones.base import Backbone, with_precision
from kerastune_ft.backbones.build import build, outline
from kerastune_ft.config.facts.hub_families import BY_CLASS, HUB_FAMILIES
from kerastune_ft.config.options.backbones import KerasHub
from kerastune_ft.errors import ConfigError
from kerastune_ft.graph import keras_private, randomness
from kerastune_ft.graph.partition import partition
from kerastune_ft.graph.trainable import trainable_paths
from tests.support import hub_classes

_SAMPLE = ("AlbertBackbone", "BertBackbone", "GPT2Backbone", "T5Backbone", "ViTBackbone")


def _families(sample: Collection[str]) -> list[Any]:
    return hub_classes.each(BY_CLASS, sample)


_LENGTH = 10


def _build(name: str, **given: Any) -> Backbone:
    keras.utils.clear_session()
    return build(KerasHub(**{"class": name}, **given), seed=3)


def _inputs(backbone: Backbone, rows: int = 3) -> Any:
    draw = np.random.default_rng(0)
    if backbone.input.modality != "text":
        shape = (rows, *backbone.model.input.shape[1:])
        return draw.uniform(0, 255 if backbone.input.modality == "image" else 1, shape).astype("float32")
    mask = np.ones((rows, _LENGTH), "int32")
    mask[1, 6:] = 0
    tokens = draw.integers(4, 200, mask.shape).astype("int32")
    # Whatever a tokenizer gives the number 0 to, it is a token where the mask says so.
    tokens[0, 2] = 0
    segments = (np.arange(_LENGTH) > 4).astype("int32") * mask
    named = {"token_ids": tokens * mask, "padding_mask": mask, "segment_ids": segments}
    return {name: named[name] for name in backbone.input.names}


def _values(model: keras.Model, inputs: Any) -> np.ndarray:
    return np.asarray(model(inputs, training=False))


def _row(inputs: Any, number: int) -> Any:
    if isinstance(inputs, dict):
        return {name: value[number : number + 1] for name, value in inputs.items()}
    return inputs[number : number + 1]


@pytest.mark.parametrize("name", _families(_SAMPLE))
def test_cuts_are_exact_and_examples_stand_alone(name: str) -> None:
    backbone = _build(name)
    inputs = _inputs(backbone)
    whole = _values(backbone.model, inputs)
    assert np.isfinite(whole).all()
    assert len(backbone.units) > 1
    for number in range(1, len(backbone.units)):
        trained = [variable.path for unit in backbone.units[number:] for variable in unit.variables]
        parts = partition(backbone.model, trained)
        assert parts.prefix is not None
        middle = parts.prefix(inputs, training=False)
        assert all(tensor.shape[0] == 3 for tensor in (middle if isinstance(middle, list) else [middle]))
        np.testing.assert_array_equal(np.asarray(parts.tail(middle, training=False)), whole)
        frozen = {v.path for v in parts.prefix.variables} & set(trained)
        assert not frozen
    alone = np.concatenate([_values(backbone.model, _row(inputs, number)) for number in range(3)])
    np.testing.assert_allclose(alone, whole, atol=1e-4)


_FIXED = [name for name in BY_CLASS if HUB_FAMILIES[name].modality != "text"]
_FIXED_SAMPLE = ("MoonshineBackbone", "SwinTransformerBackbone", "ViTBackbone", "WhisperBackbone")


@pytest.mark.parametrize("name", [one for one in _families(_FIXED_SAMPLE) if one.values[0] in _FIXED])
def test_of_images_and_sounds_the_shape_of_every_cut_is_known(name: str) -> None:
    # What is stored at a cut, and what a plan counts, are bytes of shapes without an open axis.
    backbone = _build(name)
    for number in range(1, len(backbone.units)):
        trained = [variable.path for unit in backbone.units[number:] for variable in unit.variables]
        cut = partition(backbone.model, trained).cut
        assert not [tensor.name for tensor in cut if None in tensor.shape[1:]]
        if name == "MoonshineBackbone":
            assert len(cut) == 1


@pytest.mark.parametrize("name", _families(("BertBackbone",)))
def test_exactly_what_may_train_gets_a_gradient(name: str) -> None:
    backbone = _build(name)
    inputs = _inputs(backbone)
    paths = {path for unit in backbone.units for layer in unit.layers for path in trainable_paths(layer, True)}
    variables = [variable for variable in backbone.variables if variable.path in paths]
    with tf.GradientTape() as tape:
        outputs = backbone.model(inputs, training=False)
        weights = np.random.default_rng(1).normal(size=outputs.shape).astype("float32")
        loss = tf.reduce_sum(outputs * weights)
    gradients = tape.gradient(loss, [variable.value for variable in variables])
    assert not [variable.path for variable, one in zip(variables, gradients, strict=True) if one is None]
    leaves = keras_private.leaf_layers(backbone.model)
    assert randomness.bind(leaves) == []


@pytest.mark.parametrize("name", _families(("ViTBackbone",)))
def test_layers_are_made_anew_and_saved_as_they_are(name: str, tmp_path: Path) -> None:
    backbone = _build(name)
    inputs = _inputs(backbone)
    whole = _values(backbone.model, inputs)
    keras.utils.clear_session()
    bare = outline(KerasHub(**{"class": name}))
    assert [unit.id for unit in bare.units] == [unit.id for unit in backbone.units]
    assert [variable.path for variable in bare.variables] == [variable.path for variable in backbone.variables]
    if name == "MiTBackbone":
        with pytest.raises(ConfigError, match=r"runtime.precision: MiTBackbone cannot be built"):
            with_precision(backbone, "mixed_bfloat16")
    else:
        half = with_precision(backbone, "mixed_bfloat16")
        assert [variable.path for variable in half.variables] == [variable.path for variable in backbone.variables]
        difference = np.abs(_values(half.model, inputs).astype("float32") - whole).max()
        assert 0 < difference < 0.1 * np.abs(whole).max()
    with warnings.catch_warnings():
        # Of keras-hub's attention, which takes masks that it does not pass on.
        warnings.simplefilter("ignore", UserWarning)
        backbone.model.save(tmp_path / "model.keras")
        keras.utils.clear_session()
        loaded = keras.models.load_model(tmp_path / "model.keras", compile=False, safe_mode=True)
        np.testing.assert_array_equal(_values(loaded, inputs), whole)


def test_there_are_many_families() -> None:
    assert len(HUB_FAMILIES) >= 45
    assert {family.modality for family in HUB_FAMILIES.values()} == {"text", "image", "audio"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("BertBackbone", "embeddings layer0 layer1 layer2"),
        ("AlbertBackbone", "embeddings group0"),
        ("ViTBackbone", "embeddings block1 block2 block3"),
        ("ResNetBackbone", "stem stage0_block0 stage1_block0 stage1_block1"),
    ],
)
def test_units_are_called_as_their_users_call_them(name: str, expected: str) -> None:
    assert " ".join(unit.id for unit in _build(name).units) == expected


def test_what_is_no_part_of_an_encoder_is_left_out() -> None:
    assert not [v.path for v in _build("BertBackbone").model.variables if "pooled" in v.path]
    assert not [v.path for v in _build("T5Backbone").model.variables if "decoder" in v.path]
    assert not [v.path for v in _build("LlamaBackbone").model.variables if "reverse" in v.path]


def test_class_tokens_are_counted() -> None:
    assert _build("DeiTBackbone").prefix_tokens == 2
    assert _build("DINOV2Backbone", options={"num_register_tokens": 4}).prefix_tokens == 5
    assert _build("ViTBackbone", options={"use_class_token": False}).prefix_tokens == 0
