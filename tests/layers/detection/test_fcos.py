from __future__ import annotations

import math
from pathlib import Path

import keras
import numpy as np
import pytest

from kerastune_ft.graph import keras_private
from kerastune_ft.layers.detection.fcos import fcos_head

CLASSES = 2


def build(
    size: tuple[int, int],
    strides: tuple[int, ...] = (8, 16, 32),
    levels: tuple[int, ...] | None = None,
    seed: int = 0,
    width: int = 16,
) -> keras.Model:
    keras.utils.clear_session()
    inputs = {
        f"stride{stride}": keras.Input(
            (*(math.ceil(side / stride) for side in size), 4 + stride), name=f"stride{stride}"
        )
        for stride in strides
    }
    return keras.Model(inputs, fcos_head(inputs, CLASSES, levels or strides, size, seed, width=width))


def draw_features(model: keras.Model, batch: int = 2) -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    return {one.name: random.normal(size=(batch, *one.shape[1:])).astype(np.float32) for one in model.inputs}


@pytest.mark.parametrize(
    ("size", "strides", "levels"),
    [
        ((64, 96), (8, 16, 32), None),
        ((75, 101), (4, 8, 16, 32), None),
        ((64, 64), (16,), None),
        ((64, 96), (8, 16, 32), (16, 32, 64, 128)),
    ],
)
def test_every_place_answers(size: tuple[int, int], strides: tuple[int, ...], levels: tuple[int, ...] | None) -> None:
    model = build(size, strides, levels)
    outputs = np.asarray(model(draw_features(model)))
    places = [
        ((x + 0.5) * stride, (y + 0.5) * stride, stride)
        for stride in levels or strides
        for y in range(math.ceil(size[0] / stride))
        for x in range(math.ceil(size[1] / stride))
    ]
    assert np.array_equal(outputs[..., -3:], np.repeat(np.array([places], np.float32), 2, 0))
    corners, centres = outputs[..., CLASSES : CLASSES + 4], outputs[..., -3:-1]
    assert (corners[..., :2] < centres).all() and (corners[..., 2:] > centres).all()
    # Before training every score is near 1 %, and every box some strides wide.
    scores = 1 / (1 + np.exp(-outputs[..., :CLASSES]))
    assert scores.min() > 0.005 and scores.max() < 0.02
    sides = (corners[..., 2:] - corners[..., :2]) / outputs[..., -1:]
    assert (sides > 3).all() and (sides < 8).all()


def test_maps_without_padding_have_places_all_over_the_image() -> None:
    inputs = {"stride32": keras.Input((8, 8, 4), name="stride32")}
    outputs = keras.Model(inputs, fcos_head(inputs, 1, (32,), (299, 299), 0, width=8))(
        {"stride32": np.zeros((1, 8, 8, 4), "f")}
    )
    x = np.unique(np.asarray(outputs)[0, :, -3])
    assert x == pytest.approx((np.arange(8) + 0.5) * 299 / 8)


def test_every_operation_has_a_name_of_the_head() -> None:
    model = build((64, 96))
    names = [node.operation.name for node in keras_private.nodes_in_order(model)]
    assert all(name.startswith(("head_", "stride")) for name in names), names
    convolutions = [name for name in names if name == "head_boxes_1"]
    assert len(convolutions) == 3, "towers are shared by all levels"
    assert not [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert {variable.dtype for variable in model.variables} == {"float32"}


def test_initial_values_follow_from_seed_and_layer_alone() -> None:
    def read(model: keras.Model) -> dict[str, np.ndarray]:
        return {one.path: one.numpy() for one in model.variables}

    one, same, other, fewer = (read(build((64, 96), *more)) for more in ((), (), ((8, 16, 32), None, 1), ((16, 32),)))
    assert all(np.array_equal(one[path], same[path]) for path in one)
    kernels = [path for path in one if path.endswith("kernel")]
    assert all(np.any(one[path] != other[path]) for path in kernels)
    assert all(np.array_equal(one[path], fewer[path]) for path in fewer if "lateral/kernel" not in path)


def test_a_saved_head_opens_with_keras_alone(tmp_path: Path) -> None:
    model = build((64, 96))
    model.save(tmp_path / "head.keras")
    opened = keras.saving.load_model(tmp_path / "head.keras", compile=False, safe_mode=True)
    features = draw_features(model)
    assert np.array_equal(opened(features), model(features))
