"""Every image family of keras-hub gives feature maps: where units end, stored and computed alike, under a decoder."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from kerastune_ft.backbones.base import Backbone
from kerastune_ft.backbones.build import build
from kerastune_ft.backbones.endpoints import FEATURES, STRIDES, endpoint_units
from kerastune_ft.config.facts.hub_families import BY_CLASS, HUB_FAMILIES
from kerastune_ft.config.options.backbones import KerasHub
from kerastune_ft.config.options.phases import From
from kerastune_ft.errors import ConfigError
from kerastune_ft.graph.boundary import resolve
from kerastune_ft.graph.partition import partition
from kerastune_ft.layers.decoders.simple_pyramid import simple_pyramid
from kerastune_ft.layers.decoders.unet import unet_decoder
from tests.support import hub_classes

_IMAGES = [name for name in BY_CLASS if HUB_FAMILIES[name].modality == "image"]
_SAMPLE = ("ViTBackbone",)
# Sides and channels by stride at 64 x 48 pixels, or 64 x 64, of the tiny models that classes are without options.
_POSITIONS, _POSITIONS_OF_SQUARES = {8: (8, 6, 16)}, {8: (8, 8, 16)}
EXPECTED: dict[str, dict[int, tuple[int, ...]]] = {
    "CLIPVisionEncoder": _POSITIONS_OF_SQUARES,
    "CSPNetBackbone": {2: (31, 23, 16), 4: (16, 12, 32)},
    "DINOV2Backbone": _POSITIONS_OF_SQUARES,
    "DINOV3Backbone": _POSITIONS,
    "DeiTBackbone": _POSITIONS,
    "DenseNetBackbone": {2: (32, 24, 64), 4: (16, 12, 36), 8: (8, 6, 44)},
    "EfficientNetBackbone": {2: (32, 24, 8), 4: (16, 12, 16), 8: (8, 6, 24)},
    "HGNetV2Backbone": {4: (16, 12, 16), 8: (8, 6, 32)},
    "MiTBackbone": {4: (16, 16, 8), 8: (8, 8, 16)},
    "MobileNetBackbone": {2: (32, 24, 8), 4: (16, 12, 8), 8: (8, 6, 32)},
    "ResNetBackbone": {2: (32, 24, 64), 4: (16, 12, 64), 8: (8, 6, 64)},
    "SigLIPVisionEncoder": _POSITIONS_OF_SQUARES,
    "SwinTransformerBackbone": {2: (32, 24, 8), 4: (16, 12, 16)},
    "VGGBackbone": {2: (32, 24, 16), 4: (16, 12, 16)},
    "ViTBackbone": _POSITIONS,
    "XceptionBackbone": {2: (29, 21, 16), 4: (15, 11, 24), 8: (8, 6, 40)},
}
UNITS = {
    "EfficientNetBackbone": ["block1", "block2", "block3"],
    "MiTBackbone": ["stage0_block0", "stage1_block1"],
    "ResNetBackbone": ["stem", "stage0_block0", "stage1_block1"],
    "SwinTransformerBackbone": ["stage0_block0", "stage1_block1"],
    "ViTBackbone": ["block3"],
}
# These refuse images that are no squares.
_SQUARE = ("CLIPVisionEncoder", "DINOV2Backbone", "MiTBackbone", "SigLIPVisionEncoder")


def _build(name: str) -> Backbone:
    keras.utils.clear_session()
    return build(KerasHub(**{"class": name}, image_size=_size(name)), seed=3)


def _size(name: str) -> tuple[int, int]:
    return (64, 64) if name in _SQUARE else (64, 48)


def _dense_model(backbone: Backbone) -> tuple[Backbone, keras.Model]:
    """Return the backbone cut to its maps, and a U-Net on them, or on the pyramid that is made of the only one."""
    cut = backbone.up_to([name for name in backbone.endpoints if name != FEATURES])
    maps = simple_pyramid(cut.outputs, 4, 0)
    return cut, keras.Model(cut.model.input, unet_decoder(maps, 2, cut.input.image_size, 0, width=8))


def _trained(backbone: Backbone, model: keras.Model, first: str | None) -> set[str]:
    below = {id(layer) for layer in backbone.model.layers}
    head = {one.path for layer in model.layers if id(layer) not in below for one in layer.variables}
    return head if first is None else head | resolve(From(unit=first), backbone.units, "unfreeze").variables


def _rows(parts: Any, images: np.ndarray) -> tuple[list[Any], dict[int, Any]]:
    stored = parts.prefix(images, training=False)
    listed = stored if isinstance(stored, list) else [stored]
    return listed, dict(zip(map(id, parts.cut), listed, strict=True))


@pytest.mark.parametrize("name", hub_classes.each(_IMAGES, _SAMPLE))
def test_maps_of_a_family(name: str) -> None:
    """Shapes and units, a tap is frozen exactly where its unit is, and what is stored is what the model computes."""
    whole = _build(name)
    maps = {one: tensor for one, tensor in whole.endpoints.items() if one != FEATURES}
    assert list(maps) == [f"stride{stride}" for stride in STRIDES if f"stride{stride}" in maps]
    shapes = {int(one.removeprefix("stride")): tuple(tensor.shape[1:]) for one, tensor in maps.items()}
    assert shapes == EXPECTED[name]
    backbone, model = _dense_model(whole)
    ids = [unit.id for unit in backbone.units]
    owners = endpoint_units(backbone.model, backbone.units, backbone.outputs)
    assert owners == endpoint_units(whole.model, whole.units, maps)
    assert list(owners.values()) == UNITS.get(name, list(owners.values()))
    assert ids[-1] == owners[list(maps)[-1]], "units above the last map are left out"
    images = np.random.default_rng(0).uniform(0, 255, (2, *model.input.shape[1:])).astype(np.float32)
    expected, taps = model(images, training=False).numpy(), backbone.model(images, training=False)
    assert np.isfinite(expected).all()
    assert expected.std() > 0
    for first in (None, *ids[1:]):
        parts = partition(model, _trained(backbone, model, first))
        stored, rows = _rows(parts, images)
        assert np.array_equal(parts.tail(stored if len(stored) > 1 else stored[0], training=False), expected), first
        for tap, tensor in backbone.outputs.items():
            is_frozen = first is None or ids.index(owners[tap]) < ids.index(first)
            if id(tensor) in rows:
                assert is_frozen
                assert np.array_equal(rows[id(tensor)], taps[tap]), (first, tap)
            elif is_frozen:
                # A map that is a pooling of the one before it, or the same as the cut.
                assert name == "VGGBackbone", (first, tap)


@pytest.mark.parametrize("name", ["ViTBackbone"])
def test_a_map_of_positions_has_the_patches_in_their_places(name: str) -> None:
    """The grid is what the model itself gives, without class tokens, row by row."""
    backbone = _build(name)
    images = np.random.default_rng(1).uniform(0, 255, (2, *backbone.model.input.shape[1:])).astype(np.float32)
    cut = backbone.up_to(["stride8"])
    features = np.asarray(backbone.model(images, training=False))
    grid = np.asarray(cut.model(images, training=False)["stride8"])
    assert np.array_equal(grid.reshape(2, -1, 16), features[:, backbone.prefix_tokens :])
    assert (grid.shape[1] * 8, grid.shape[2] * 8) == images.shape[1:3]


def test_a_family_that_takes_any_image_for_a_square_refuses_others() -> None:
    keras.utils.clear_session()
    with pytest.raises(ConfigError, match=r"backbone.image_size: MiTBackbone .* not of 64 x 48 pixels"):
        build(KerasHub(**{"class": "MiTBackbone"}, image_size=(64, 48)), seed=3)


def test_all_families_of_images_are_here() -> None:
    assert sorted(EXPECTED) == sorted(_IMAGES)
