from __future__ import annotations

from collections.abc import Callable

import keras
import pytest

from kerastune_ft.graph import keras_private
from kerastune_ft.graph.depth import units_by_depth
from kerastune_ft.graph.units import Unit, is_seed
from tests.support.graph_models import masked_encoder, skip_segmenter


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
