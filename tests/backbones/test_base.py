from __future__ import annotations

import re

import keras
import numpy as np
import pytest

from kerastune_ft.backbones.base import Backbone, with_precision
from kerastune_ft.backbones.build import build, outline
from kerastune_ft.config.options.backbones import Applications, KerasHub
from kerastune_ft.errors import ConfigError
from kerastune_ft.graph.rebuild.image_size import NotResizable
from kerastune_ft.graph.units import is_seed
from tests.support import hub_classes
from tests.support.graph_models import application

TAPS = ("stride4", "stride8", "stride16")


def _covers_once(backbone: Backbone) -> bool:
    """Tell whether the units hold every variable of the model once, by layers that the model has."""
    held = [one.path for one in backbone.variables]
    names = {layer.name for layer in backbone.model.layers}
    inside = all(layer.name in names for unit in backbone.units for layer in unit.layers)
    return inside and sorted(held) == sorted(one.path for one in backbone.model.variables if not is_seed(one))


def test_every_backbone_has_features() -> None:
    bert = outline(KerasHub.model_validate({"class": "BertBackbone"}))
    assert list(bert.endpoints) == ["features"]
    assert bert.endpoints["features"] is bert.model.output
    assert bert.up_to(["features"]) is bert


def test_units_tell_the_maps_that_they_end_with() -> None:
    bert = outline(KerasHub.model_validate({"class": "BertBackbone"}))
    assert bert.unit_maps() == {}
    net = outline(Applications(name="VGG16", weights=None, image_size=64))
    assert net.unit_maps() == {
        "block2": {"stride2": [32, 32, 128]},
        "block3": {"stride4": [16, 16, 256]},
        "block4": {"stride8": [8, 8, 512]},
        "block5": {"stride16": [4, 4, 512], "stride32": [2, 2, 512]},
    }


@pytest.mark.parametrize("name", ["BartBackbone", "WhisperBackbone"])
def test_a_model_with_a_decoder_has_its_units_where_it_writes_and_those_of_its_encoder_else(name: str) -> None:
    options = KerasHub.model_validate({"class": name})
    whole, alone = (outline(options, writes=writes) for writes in (None, False))
    sides = {unit.id.rstrip("0123456789") for unit in whole.units}
    assert sides == {"embeddings", "encoder_layer", "decoder_layer"}
    assert {unit.id.rstrip("0123456789") for unit in alone.units} == {"embeddings", "layer"}


@pytest.mark.parametrize(
    ("name", "last", "left_out"),
    [("MobileNetV2", "block12", 5), ("VGG16", "block5", 0), ("ConvNeXtTiny", "stage2_block8", 3)],
)
def test_units_above_the_last_endpoint_are_left_out(name: str, last: str, left_out: int) -> None:
    whole = application(name)
    cut = whole.up_to(TAPS)
    assert list(cut.outputs) == list(cut.endpoints) == list(TAPS)
    assert cut.units[-1].id == last
    assert len(whole.units) - len(cut.units) == left_out
    assert all(cut.endpoints[tap] is whole.endpoints[tap] for tap in TAPS)
    assert [unit.id for unit in cut.units] == [unit.id for unit in whole.units][: len(cut.units)]
    assert _covers_once(cut)
    assert cut.units[-1].output_shape == tuple(cut.endpoints["stride16"].shape)
    assert whole.endpoints.keys() > set(TAPS)


def test_an_endpoint_that_is_not_there_is_refused() -> None:
    vgg = application("VGG16").up_to(("stride8", "stride16"))
    with pytest.raises(ConfigError, match=re.escape("VGG16 has no stride4 to put a head on; it has stride8, stride16")):
        vgg.up_to(TAPS)


def test_chosen_endpoints_stay_when_the_precision_changes() -> None:
    cut = application("VGG16").up_to(TAPS)
    half = with_precision(cut, "mixed_bfloat16")
    assert list(half.endpoints) == list(TAPS)
    assert [tensor.dtype for tensor in half.endpoints.values()] == ["bfloat16"] * 3
    assert [one.path for one in half.variables] == [one.path for one in cut.variables]
    assert _covers_once(half)


def test_another_size_has_the_same_layers_and_values() -> None:
    small = application("MobileNetV2", 64)
    large = small.at((96, 128))
    assert large.input.image_size == (96, 128)
    assert {id(one) for one in large.variables} == {id(one) for one in small.variables}
    assert [unit.id for unit in large.units] == [unit.id for unit in small.units]
    assert [unit.output_shape[1:3] for unit in (large.units[0], large.units[-1])] == [(48, 64), (3, 4)]
    images = np.random.default_rng(0).uniform(0, 255, (2, 64, 64, 3)).astype(np.float32)
    assert np.array_equal(small.at((64, 64)).model(images), small.model(images))
    assert large.up_to(TAPS).endpoints["stride8"].shape[1:3] == (12, 16)


_FIXED = ("ViTBackbone", "SwinTransformerBackbone")


@pytest.mark.parametrize("name", hub_classes.each(_FIXED, _FIXED))
def test_a_model_of_one_size_is_refused_at_another(name: str) -> None:
    backbone = build(KerasHub.model_validate({"class": name}), 0)
    height, width = backbone.input.image_size
    with pytest.raises(NotResizable, match="is made for one size"):
        backbone.at((2 * height, 2 * width))


def test_the_whole_backbone_is_kept_where_it_takes_no_more_memory() -> None:
    encoder = build(KerasHub.model_validate({"class": "ResNetBackbone"}), 0)
    assert encoder.body is not None
    assert {id(one) for one in encoder.body.variables} == {id(one) for one in encoder.variables}
    translator = build(KerasHub.model_validate({"class": "T5Backbone"}), 0)
    assert translator.body is None
    assert with_precision(encoder, "mixed_bfloat16").body is None
    assert build(Applications(name="MobileNetV2", weights="embedded"), 0).body is None
    assert isinstance(encoder.body, keras.Model)
