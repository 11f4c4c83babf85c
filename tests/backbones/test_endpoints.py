from __future__ import annotations

import keras
import numpy as np
import pytest

from kerastune_ft.backbones.base import Backbone
from kerastune_ft.backbones.build import outline
from kerastune_ft.backbones.endpoints import STRIDES, endpoint_units, stride_endpoints
from kerastune_ft.config.facts.applications import APPLICATIONS
from kerastune_ft.config.options.backbones import Applications
from kerastune_ft.graph import keras_private
from kerastune_ft.graph.partition import partition
from kerastune_ft.graph.units import Unit, is_seed, units_by_name

# By stride: side and channels at 224 pixels, the unit.
EXPECTED = {
    "MobileNet": {
        2: (112, 64, "block1"), 4: (56, 128, "block3"), 8: (28, 256, "block5"), 16: (14, 512, "block11"),
        32: (7, 1024, "block13"),
    },
    "MobileNetV2": {
        2: (112, 16, "block0"), 4: (56, 24, "block2"), 8: (28, 32, "block5"), 16: (14, 96, "block12"),
        32: (7, 320, "block16"),
    },
    "MobileNetV3Small": {
        2: (112, 16, "stem"), 4: (56, 16, "block0"), 8: (28, 24, "block2"), 16: (14, 48, "block7"),
        32: (7, 96, "block10"),
    },
    "EfficientNetB0": {
        2: (112, 16, "block1"), 4: (56, 24, "block2"), 8: (28, 40, "block3"), 16: (14, 112, "block5"),
        32: (7, 320, "block7"),
    },
    "ResNet50": {
        2: (112, 64, "stem"), 4: (56, 256, "stage2_block3"), 8: (28, 512, "stage3_block4"),
        16: (14, 1024, "stage4_block6"), 32: (7, 2048, "stage5_block3"),
    },
    "ResNet50V2": {
        2: (112, 64, "stem"), 4: (56, 256, "stage2_block2"), 8: (28, 512, "stage3_block3"),
        16: (14, 1024, "stage4_block5"), 32: (7, 2048, "stage5_block3"),
    },
    "VGG16": {
        2: (112, 128, "block2"), 4: (56, 256, "block3"), 8: (28, 512, "block4"), 16: (14, 512, "block5"),
        32: (7, 512, "block5"),
    },
    "ConvNeXtTiny": {
        4: (56, 96, "stage0_block2"), 8: (28, 192, "stage1_block2"), 16: (14, 384, "stage2_block8"),
        32: (7, 768, "stage3_block2"),
    },
    "DenseNet121": {
        2: (112, 64, "stem"), 4: (56, 128, "transition2"), 8: (28, 256, "transition3"), 16: (14, 512, "transition4"),
        32: (7, 1024, "stage5_block15"),
    },
    "InceptionV3": {
        2: (109, 64, "part1"), 4: (52, 192, "part1"), 8: (25, 288, "part3"), 16: (12, 768, "part7"),
        32: (5, 2048, "part10"),
    },
    "Xception": {
        2: (109, 64, "part1"), 4: (55, 128, "part2"), 8: (28, 256, "part3"), 16: (14, 728, "part12"),
        32: (7, 2048, "part14"),
    },
    "NASNetMobile": {
        2: (111, 32, "part1"), 4: (56, 44, "part1"), 8: (28, 264, "part4"), 16: (14, 528, "part8"),
        32: (7, 1056, "part12"),
    },
}  # fmt: skip
QUICK = ("MobileNetV2", "VGG16", "ConvNeXtTiny")


def _lies_inside_a_unit(name: str, stride: int) -> bool:
    """Return where no unit ends at a single tensor: NASNet's cells read two, Inception's first unit is deep."""
    return name.startswith("NASNet") or (name.startswith("Inception") and stride <= 4)


def _outline(name: str, size: int | tuple[int, int] = 224) -> Backbone:
    keras.utils.clear_session()
    return outline(Applications(name=name, weights=None, image_size=size))


def _weights_behind(model: keras.Model, tensor: keras.KerasTensor) -> set[str]:
    """Return the paths of the variables that a tensor is computed from."""
    held: dict[int, set[str]] = {}
    for node in keras_private.nodes_in_order(model):
        own = {one.path for one in getattr(node.operation, "variables", []) if not is_seed(one)}
        behind = own.union(*(held[id(one)] for one in node.inputs))
        held |= {id(one): behind for one in node.outputs}
    return held[id(tensor)]


def _check(name: str, backbone: Backbone) -> dict[int, tuple[int, int, str]]:
    """Any application: endpoints from fine to coarse, each frozen exactly where its unit is."""
    model, units = backbone.model, backbone.units
    endpoints = stride_endpoints(model, units)
    owners = endpoint_units(model, units, endpoints)
    ids = [unit.id for unit in units]
    places = [ids.index(owners[one]) for one in endpoints]
    assert places == sorted(places)
    assert list(endpoints) == [f"stride{stride}" for stride in STRIDES if f"stride{stride}" in endpoints]
    for endpoint, place in zip(endpoints, places, strict=True):
        behind = _weights_behind(model, endpoints[endpoint])
        last = {one.path for one in units[place].variables}
        upto = {one.path for unit in units[: place + 1] for one in unit.variables}
        assert behind & last, endpoint
        assert behind <= upto, endpoint
        assert behind == upto or _lies_inside_a_unit(name, int(endpoint.removeprefix("stride"))), endpoint
    return {
        int(endpoint.removeprefix("stride")): (*endpoints[endpoint].shape[2:], owners[endpoint])
        for endpoint in endpoints
    }


@pytest.mark.parametrize("name", QUICK)
def test_endpoints_of_an_application(name: str) -> None:
    assert _check(name, _outline(name)) == EXPECTED[name]


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(APPLICATIONS) - set(QUICK)))
def test_endpoints_of_every_other_application(name: str) -> None:
    found = _check(name, _outline(name))
    assert found == EXPECTED.get(name, found)
    assert {4, 8, 16, 32} <= set(found)


@pytest.mark.parametrize("size", [(75, 101), (96, 96), (320, 240)])
def test_any_size_has_the_same_endpoints(size: tuple[int, int]) -> None:
    found = _check("MobileNetV2", _outline("MobileNetV2", size))
    assert {stride: one[1:] for stride, one in found.items()} == {
        stride: one[1:] for stride, one in EXPECTED["MobileNetV2"].items()
    }


@pytest.mark.slow
@pytest.mark.parametrize("size", [139, 224, 240, 299])
def test_sides_need_not_be_powers_of_two(size: int) -> None:
    found = _check("InceptionV3", _outline("InceptionV3", size))
    assert {stride: one[2] for stride, one in found.items()} == {
        stride: one[2] for stride, one in EXPECTED["InceptionV3"].items()
    }


@pytest.mark.parametrize("frozen", ["stem", "block2", "block4", "block12", "block16"])
def test_a_tap_is_frozen_where_its_unit_is(frozen: str) -> None:
    """The cut of a dense model: taps up to the boundary are stored as they are, those beyond are computed."""
    backbone = _outline("MobileNetV2", 96)
    endpoints = stride_endpoints(backbone.model, backbone.units)
    owners = endpoint_units(backbone.model, backbone.units, endpoints)
    maps = [keras.layers.Conv2D(1, 1, name=f"head_{name}")(one) for name, one in endpoints.items()]
    ids = [unit.id for unit in backbone.units]
    first = ids.index(frozen) + 1
    trained = {one.path for unit in backbone.units[first:] for one in unit.variables}
    model = keras.Model(backbone.model.inputs, maps)
    parts = partition(model, trained | {one.path for one in model.variables if one.path.startswith("head_")})
    cut = {id(one) for one in parts.cut}
    for name, tensor in endpoints.items():
        assert (id(tensor) in cut) == (ids.index(owners[name]) < first), name


def test_a_graph_with_one_path_is_tapped_before_it_narrows() -> None:
    x = inputs = keras.Input((64, 64, 3), name="image")
    x = keras.layers.Rescaling(1 / 255, name="a_range")(x)
    for name in "bcd":
        x = keras.layers.ZeroPadding2D(name=f"{name}_border")(x)
        x = keras.layers.Conv2D(4, 3, name=f"{name}_convolution")(x)
        x = keras.layers.MaxPooling2D(2, name=f"{name}_pooling")(x)
    model = keras.Model(inputs, x)
    found = stride_endpoints(model, units_by_name(model, lambda name: name[0]))
    assert {name: keras_private.maker(one) for name, one in found.items()} == {
        "stride2": "c_convolution", "stride4": "d_convolution", "stride8": "d_pooling"
    }  # fmt: skip


@pytest.mark.parametrize("tokens", [0, 2])
def test_positions_are_laid_out_as_the_grid_of_their_patches(tokens: int) -> None:
    """One map of the last positions, whose stride is the power of two next to the side of a patch."""
    inputs = keras.Input((56, 42, 3), name="image")
    x = keras.layers.Conv2D(8, 14, 14, name="patches")(inputs)
    x = keras.layers.Reshape((12, 8), name="positions")(x)
    x = keras.layers.ZeroPadding1D((tokens, 0), name="tokens")(x)
    for name in ("b", "c"):
        x = keras.layers.Dense(8, name=name)(x)
    model = keras.Model(inputs, x)
    units = units_by_name(model, lambda name: name[0])
    endpoints = stride_endpoints(model, units, tokens)
    assert {name: tuple(one.shape[1:]) for name, one in endpoints.items()} == {"stride16": (4, 3, 8)}
    assert endpoint_units(model, units, endpoints) == {"stride16": "c"}
    images = np.random.default_rng(0).normal(size=(2, 56, 42, 3)).astype(np.float32)
    grid = keras.Model(inputs, endpoints)(images)["stride16"].numpy()
    assert np.array_equal(grid.reshape(2, 12, 8), model(images)[:, tokens:])
    # With a wrong number of tokens there is no grid of patches.
    assert stride_endpoints(model, units, tokens + 1) == {}


def test_without_feature_maps_there_are_no_endpoints() -> None:
    inputs = keras.Input((64, 64, 3), name="image")
    vector = keras.Model(inputs, keras.layers.Dense(2, name="only")(keras.layers.Flatten(name="flat")(inputs)))
    assert stride_endpoints(vector, (Unit("all", tuple(vector.layers), (None, 2)),)) == {}


@pytest.mark.parametrize("shape", [(None, None, 3), (64, None, 3), (8,)])
def test_images_of_open_size_have_no_strides(shape: tuple[int | None, ...]) -> None:
    inputs = keras.Input(shape, name="image")
    model = keras.Model(inputs, keras.layers.Dense(2, name="only")(inputs))
    assert stride_endpoints(model, ()) == {}


def test_values_at_the_endpoints_are_those_inside_the_model() -> None:
    x = inputs = keras.Input((32, 32, 3), name="image")
    for name in "bc":
        x = keras.layers.Conv2D(4, 3, 2, padding="same", name=f"{name}_convolution")(x)
    model = keras.Model(inputs, x)
    endpoints = stride_endpoints(model, units_by_name(model, lambda name: name[0]))
    images = np.random.default_rng(0).normal(size=(2, 32, 32, 3)).astype(np.float32)
    fine, coarse = keras.Model(inputs, [endpoints["stride2"], endpoints["stride4"]])(images)
    assert np.array_equal(coarse, model(images))
    assert fine.shape == (2, 16, 16, 4)
