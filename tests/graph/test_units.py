from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

import keras
import pytest

from kerastune_ft.backbones.base import Backbone
from kerastune_ft.config.facts.applications import APPLICATIONS
from kerastune_ft.config.options import phases as options
from kerastune_ft.graph import keras_private
from kerastune_ft.graph.boundary import resolve
from kerastune_ft.graph.depth import units_by_depth
from kerastune_ft.graph.units import Unit, is_seed, units_by_name
from tests.support.graph_models import structure


def _stages(size: int, blocks: dict[int, int], first: int = 1) -> list[str]:
    """Return the ids of stages whose blocks are taken together `size` at a time."""
    return [
        f"stage{stage}_block{block}" for stage, amount in blocks.items() for block in range(first, first + amount, size)
    ]


EXPECTED = {
    "MobileNet": ["stem", *(f"block{number}" for number in range(1, 14))],
    "MobileNetV2": ["stem", *(f"block{number}" for number in range(17)), "top"],
    "MobileNetV3Small": ["stem", *(f"block{number}" for number in range(11)), "top"],
    "MobileNetV3Large": ["stem", *(f"block{number}" for number in range(15)), "top"],
    "ResNet50": ["stem", *_stages(1, {2: 3, 3: 4, 4: 6, 5: 3})],
    "ResNet50V2": ["stem", *_stages(1, {2: 3, 3: 4, 4: 6, 5: 3})],
    "ResNet152": ["stem", *_stages(2, {2: 3, 3: 8, 4: 36, 5: 3})],
    "DenseNet121": [
        "stem", *_stages(2, {2: 6}), "transition2", *_stages(2, {3: 12}), "transition3", *_stages(2, {4: 24}),
        "transition4", *_stages(2, {5: 16}),
    ],
    "EfficientNetB0": ["stem", *(f"block{number}" for number in range(1, 8)), "top"],
    "EfficientNetV2B0": ["stem", *(f"block{number}" for number in range(1, 7)), "top"],
    "ConvNeXtTiny": ["stem", *_stages(1, {0: 3, 1: 3, 2: 9, 3: 3}, first=0)],
    "ConvNeXtXLarge": ["stem", *_stages(1, {0: 3, 1: 3, 2: 27, 3: 3}, first=0)],
    "VGG16": [f"block{number}" for number in range(1, 6)],
    "InceptionV3": [f"part{number}" for number in range(1, 11)],
    "Xception": [f"part{number}" for number in range(1, 15)],
    "NASNetMobile": [f"part{number}" for number in range(1, 13)],
}  # fmt: skip


QUICK = ("MobileNetV3Small", "ResNet50V2", "ConvNeXtTiny", "VGG16", "InceptionV3")


PRINT_PATHS = """
import sys
import keras
from kerastune_ft.backbones.build import outline
from kerastune_ft.config.options.backbones import Applications
for name in sys.argv[1:]:
    keras.utils.clear_session()
    units = outline(Applications(name=name, weights=None, image_size=96)).units
    print(*(f"{name}:{unit.id}:{variable.path}" for unit in units for variable in unit.variables), sep="\\n")
"""


def check_cover(model: keras.Model, units: tuple[Unit, ...]) -> None:
    """Every variable in exactly one unit, ids once each, and no unit above one that follows it."""
    held = [id(variable) for unit in units for variable in unit.variables]
    assert len(held) == len(set(held))
    assert set(held) == {id(variable) for variable in model.variables if not is_seed(variable)}
    assert len({unit.id for unit in units}) == len(units)
    assert all(unit.variables for unit in units)
    place = {}
    for position, node in enumerate(keras_private.nodes_in_order(model)):
        place.setdefault(id(node.operation), position)
    firsts = [min(place[id(layer)] for layer in unit.layers if layer.variables) for unit in units]
    assert firsts == sorted(firsts)


def _check_application(name: str) -> Backbone:
    """Any model of keras.applications, at the boundaries a person chooses from."""
    backbone = structure(name)
    check_cover(backbone.model, backbone.units)
    assert 5 <= len(backbone.units) <= 40
    assert sum(unit.parameters for unit in backbone.units) == backbone.model.count_params()
    assert sum(unit.parameters for unit in backbone.units) == APPLICATIONS[name].parameters
    assert backbone.units[-1].output_shape == tuple(backbone.model.output.shape)
    heights = [unit.output_shape[1] for unit in backbone.units]
    assert heights == sorted(heights, reverse=True)
    for unit in backbone.units:
        assert resolve(options.From(unit=unit.id), backbone.units, "unfreeze").boundary == unit.id
        assert resolve(options.Match(globs=(unit.id,)), backbone.units, "unfreeze").units == (unit.id,)
    return backbone


@pytest.mark.parametrize("name", QUICK)
def test_units_of_an_application(name: str) -> None:
    assert [unit.id for unit in _check_application(name).units] == EXPECTED[name]


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(APPLICATIONS) - set(QUICK)))
def test_units_of_every_other_application(name: str) -> None:
    ids = [unit.id for unit in _check_application(name).units]
    assert ids == EXPECTED.get(name, ids)


def _print_paths(names: Sequence[str]) -> str:
    return subprocess.run(
        [sys.executable, "-c", PRINT_PATHS, *names], capture_output=True, text=True, check=True
    ).stdout


# Runs in tests/conformance/earlier_runs name units and variables, and were made by other processes.
@pytest.mark.slow
def test_ids_and_paths_are_those_of_another_process() -> None:
    """Layers that Keras numbers on would betray their place in the process: there are two models before this one."""
    names = ("MobileNetV3Small", "Xception")
    assert structure("Xception").units
    ours = [
        f"{name}:{unit.id}:{variable.path}"
        for name in names
        for unit in structure(name).units
        for variable in unit.variables
    ]
    assert len(ours) > 300
    assert _print_paths(names).splitlines() == ours


@pytest.mark.slow
def test_ids_and_paths_of_every_application_are_those_of_another_process() -> None:
    first, second = _print_paths(sorted(APPLICATIONS)), _print_paths(sorted(APPLICATIONS, reverse=True))
    assert len(first.splitlines()) > 10_000
    assert sorted(first.splitlines()) == sorted(second.splitlines())


def test_blocks_of_a_stage_are_taken_together_where_there_are_too_many() -> None:
    x = inputs = keras.Input((4,), name="x")
    for stage, blocks in ((1, 3), (2, 40)):
        for block in range(blocks):
            x = keras.layers.Dense(4, name=f"stage{stage}_block{block}")(x)
    units = units_by_name(keras.Model(inputs, x), lambda name: name)
    assert [unit.id for unit in units] == [
        "stage1_block0",
        "stage1_block2",
        *(f"stage2_block{n}" for n in range(0, 40, 2)),
    ]
    assert [len(unit.variables) for unit in units] == [4, 2, *[4] * 20]
    assert units[0].blocks == ("stage1_block0", "stage1_block1")
    assert units[1].blocks == ()


def _names(model: keras.Model) -> list[list[str]]:
    return [[layer.name for layer in unit.layers] for unit in units_by_depth(model)]


def test_what_follows_a_layer_stays_with_it() -> None:
    x = inputs = keras.Input((16, 16, 3))
    x = keras.layers.Normalization(name="normalised")(keras.layers.Rescaling(1 / 255, name="scaled")(x))
    for number in range(1, 5):
        x = keras.layers.Conv2D(4, 3, padding="same", name=f"conv{number}")(x)
        x = keras.layers.BatchNormalization(name=f"norm{number}")(x)
        x = keras.layers.PReLU(name=f"slope{number}")(x)
        x = keras.layers.MaxPooling2D(name=f"pool{number}")(x)
        x = keras.layers.Dropout(0.1, name=f"drop{number}")(x)
    x = keras.layers.BatchNormalization(name="last_norm")(x)
    first, second, third, fourth = _names(keras.Model(inputs, x))
    assert first == ["scaled", "normalised", "conv1", "norm1", "slope1", "pool1", "drop1"]
    assert second == ["conv2", "norm2", "slope2", "pool2", "drop2"]
    assert third == ["conv3", "norm3", "slope3", "pool3", "drop3"]
    assert fourth == ["conv4", "norm4", "slope4", "pool4", "drop4", "last_norm"]


def test_a_norm_that_follows_a_sum_belongs_to_what_comes_after_it() -> None:
    x = inputs = keras.Input((8,))
    x = keras.layers.Dense(8, name="dense0")(x)
    for number in range(1, 6):
        inner = keras.layers.BatchNormalization(name=f"norm{number}")(x)
        inner = keras.layers.Dense(8, name=f"dense{number}")(keras.layers.ReLU(name=f"relu{number}")(inner))
        x = keras.layers.Add(name=f"sum{number}")([x, inner])
    found = _names(keras.Model(inputs, keras.layers.BatchNormalization(name="last")(x)))
    assert found[0] == ["dense0", "norm1", "relu1", "dense1", "sum1"]
    assert found[1:] == [
        *([f"norm{number}", f"relu{number}", f"dense{number}", f"sum{number}"] for number in range(2, 5)),
        ["norm5", "relu5", "dense5", "sum5", "last"],
    ]


def test_a_gate_stays_with_what_it_gates() -> None:
    x = inputs = keras.Input((8, 8, 4))
    for number in range(1, 7):
        x = keras.layers.ReLU(name=f"relu{number}")(keras.layers.Conv2D(4, 3, padding="same", name=f"conv{number}")(x))
        gate = keras.layers.Dense(4, name=f"gate{number}")(keras.layers.GlobalAveragePooling2D(name=f"mean{number}")(x))
        x = keras.layers.Multiply(name=f"gated{number}")([x, gate])
    assert _names(keras.Model(inputs, x)) == [
        [f"{layer}{number}" for layer in ("conv", "relu", "mean", "gate", "gated")] for number in range(1, 7)
    ]


def test_normalisation_alone_is_one_unit() -> None:
    inputs = keras.Input((4,))
    x = keras.layers.BatchNormalization(name="two")(keras.layers.BatchNormalization(name="one")(inputs))
    assert _names(keras.Model(inputs, x)) == [["one", "two"]]


def test_names_group_layers_in_the_order_of_the_graph() -> None:
    x = inputs = keras.Input((4,), name="x")
    x = keras.layers.Rescaling(0.5, name="before")(x)
    for name in ("a_1", "a_2", "b_1", "plain"):
        x = keras.layers.Dense(4, name=name)(x)
    model = keras.Model(inputs, x)
    units = units_by_name(model, lambda name: name[0] if "_" in name else None)
    assert [(unit.id, [layer.name for layer in unit.layers]) for unit in units] == [
        ("a", ["a_1", "a_2"]),
        ("b", ["b_1", "plain"]),
    ]
    assert [unit.parameters for unit in units] == [40, 40]
    with pytest.raises(ValueError, match=r"layer a_1 of .* belongs to no unit"):
        units_by_name(model, lambda name: "b" if name == "b_1" else None)


def test_a_dropout_opens_no_unit() -> None:
    inputs = keras.Input((4,), name="x")
    x = keras.layers.Dropout(0.5, name="b_drop")(keras.layers.Dense(4, name="a_dense")(inputs))
    units = units_by_name(keras.Model(inputs, x), lambda name: name[0] if "_" in name else None)
    assert [unit.id for unit in units] == ["a"]
