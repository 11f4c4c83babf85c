from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import keras
import pytest
from graph_models import application, masked_encoder, skip_segmenter

from kerastune_ft.backbones.base import Backbone, build
from kerastune_ft.config.applications import APPLICATIONS
from kerastune_ft.config.backbones import Applications
from kerastune_ft.graph import keras_private
from kerastune_ft.graph.units import Unit, is_seed, units_by_depth, units_by_name

_RESNET50 = [
    f"stage{stage}_block{block}" for stage, blocks in ((2, 3), (3, 4), (4, 6), (5, 3)) for block in range(1, blocks + 1)
]
EXPECTED = {
    "MobileNet": ["stem", *(f"block{number}" for number in range(1, 14))],
    "MobileNetV2": ["stem", *(f"block{number}" for number in range(17)), "top"],
    "ResNet50": ["stem", *_RESNET50],
    "EfficientNetB0": ["stem", *(f"block{number}" for number in range(1, 8)), "top"],
}


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


@pytest.mark.parametrize(
    "name", [*list(EXPECTED)[:2], *(pytest.param(name, marks=pytest.mark.slow) for name in list(EXPECTED)[2:])]
)
def test_named_units(name: str) -> None:
    backbone = application(name)
    assert [unit.id for unit in backbone.units] == EXPECTED[name]
    check_cover(backbone.model, backbone.units)
    assert sum(unit.parameters for unit in backbone.units) == backbone.model.count_params()
    assert backbone.units[-1].output_shape == tuple(backbone.model.output.shape)
    heights = [unit.output_shape[1] for unit in backbone.units]
    assert heights[0] >= 16
    assert heights[-1] == 2


@pytest.mark.slow
def test_ids_and_paths_are_those_of_another_process() -> None:
    script = (
        "import keras\nfrom kerastune_ft.backbones.base import build\n"
        "from kerastune_ft.config.backbones import Applications\n"
        "for name in ('InceptionV3', 'MobileNetV2'):\n    keras.utils.clear_session()\n"
        "    units = build(Applications(name=name, weights=None, image_size=96), 0).units\n"
        "    print(*(f'{unit.id}:{variable.path}' for unit in units for variable in unit.variables), sep='\\n')\n"
    )
    first, second = (
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout for _ in "ab"
    )
    assert len(first.splitlines()) > 500
    assert first == second


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(APPLICATIONS) - set(EXPECTED)))
def test_units_of_every_other_application(name: str) -> None:
    keras.utils.clear_session()
    backbone: Backbone = build(Applications(name=name, weights=None, image_size=96), seed=0)
    check_cover(backbone.model, backbone.units)
    # A deep family with a unit for each of its named blocks has more of them than the others.
    most = 110 if backbone.units[0].id == "stem" else 40
    assert 5 <= len(backbone.units) <= most
    assert sum(unit.parameters for unit in backbone.units) == backbone.model.count_params()


@pytest.mark.parametrize("build_model", [masked_encoder, skip_segmenter])
def test_depth_divides_any_graph(build_model: Callable[[], keras.Model]) -> None:
    model = build_model()
    units = units_by_depth(model)
    check_cover(model, units)
    assert [unit.id for unit in units] == [f"part{number}" for number in range(1, len(units) + 1)]
    assert len(units) >= 3


def test_depth_cuts_evenly_where_one_tensor_crosses() -> None:
    x = inputs = keras.Input((4,))
    for _ in range(12):
        x = keras.layers.Dropout(0.5)(keras.layers.Dense(4)(x))
    model = keras.Model(inputs, x)
    assert [len(unit.variables) for unit in units_by_depth(model, pieces=4)] == [6, 6, 6, 6]
    assert [len(unit.variables) for unit in units_by_depth(model)] == [2] * 12


def test_depth_cuts_where_two_tensors_cross_if_need_be() -> None:
    before = inputs = keras.Input((4,))
    x = keras.layers.Dense(4)(inputs)
    for _ in range(12):
        before, x = x, keras.layers.Add()([keras.layers.Dense(4)(x), before])
    model = keras.Model(inputs, x)
    units = units_by_depth(model)
    check_cover(model, units)
    assert len(units) >= 5


def test_depth_of_a_model_without_variables_is_one_unit() -> None:
    inputs = keras.Input((4,))
    assert len(units_by_depth(keras.Model(inputs, keras.layers.ReLU()(inputs)))) == 1


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
