from __future__ import annotations

import math
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.graph import keras_private
from kerastune_ft.layers.decoders.fpn import fpn_decoder

STRIDES = (2, 4, 8, 16, 32)


def _model(size: tuple[int, int], strides: tuple[int, ...] = STRIDES, seed: int = 0, **options: float) -> keras.Model:
    keras.utils.clear_session()
    inputs = {
        f"stride{stride}": keras.Input(
            (*(math.ceil(side / stride) for side in size), 4 + stride), name=f"stride{stride}"
        )
        for stride in strides
    }
    return keras.Model(inputs, fpn_decoder(inputs, 3, size, seed, **options))


def _features(model: keras.Model, batch: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    return {one.name: random.normal(size=(batch, *one.shape[1:])).astype(np.float32) for one in model.inputs}


def _by_hand(model: keras.Model, features: dict[str, np.ndarray], size: tuple[int, int]) -> np.ndarray:
    """Return the logits of the paper's equations, from the model's weights alone."""
    weights = {one.path: one.numpy() for one in model.variables}
    strides = sorted(int(name.removeprefix("stride")) for name in features)
    levels, branches = {}, []
    for stride in reversed(strides):
        own = features[f"stride{stride}"]
        level = (
            own @ weights[f"head_stride{stride}_lateral/kernel"][0, 0] + weights[f"head_stride{stride}_lateral/bias"]
        )
        if 2 * stride in levels:
            level = level + tf.image.resize(levels[2 * stride], own.shape[1:3]).numpy()
        levels[stride] = level
    for stride, level in levels.items():
        x, target = level, stride
        while True:
            target = max(strides[0], target // 2)
            name = f"head_stride{stride}_to{target}"
            x = tf.nn.conv2d(x, weights[f"{name}/kernel"], 1, "SAME").numpy()
            groups = x.reshape(*x.shape[:3], 8, -1)
            mean, variance = groups.mean((1, 2, 4), keepdims=True), groups.var((1, 2, 4), keepdims=True)
            x = ((groups - mean) / np.sqrt(variance + 1e-3)).reshape(x.shape)
            x = np.maximum(x, 0)
            x = tf.image.resize(x, features[f"stride{target}"].shape[1:3]).numpy()
            if target == strides[0]:
                break
        branches.append(x)
    logits = sum(branches) @ weights["head_output/kernel"][0, 0] + weights["head_output/bias"]
    found: np.ndarray = tf.image.resize(logits, size).numpy()
    return found


@pytest.mark.parametrize("strides", [(2, 4, 8, 16), (8,)])
def test_is_the_pyramid_of_the_paper(strides: tuple[int, ...]) -> None:
    model = _model((75, 50), strides, width=16)
    features = _features(model, 2)
    assert model(features).numpy() == pytest.approx(_by_hand(model, features, (75, 50)), abs=2e-4)


def test_logits_have_the_size_of_the_image_whatever_strides_lack() -> None:
    model = _model((75, 101), (2, 32), width=20)
    assert model.output_shape == (None, 75, 101, 3)
    assert {variable.dtype for variable in model.variables} == {"float32"}
    assert {layer.filters for layer in model.layers if hasattr(layer, "filters")} == {16, 3}
    assert not model.non_trainable_variables


def test_initial_values_follow_from_seed_and_layer_alone() -> None:
    def kernels(model: keras.Model) -> dict[str, np.ndarray]:
        return {one.path: one.numpy() for one in model.variables if one.path.endswith("kernel")}

    first, again, other = (kernels(_model((32, 32), (4, 8), seed=seed, width=8)) for seed in (5, 5, 6))
    assert all(np.array_equal(first[path], again[path]) and np.any(first[path] != other[path]) for path in first)


def test_every_operation_is_a_named_stock_layer(tmp_path: Path) -> None:
    model = _model((75, 64), (4, 8), width=8, dropout=0.1)
    operations = [node.operation for node in keras_private.nodes_in_order(model)]
    assert all(isinstance(one, keras.layers.Layer) and type(one).__module__.startswith("keras.") for one in operations)
    assert all(one.name.startswith("head_") for one in operations if not isinstance(one, keras.layers.InputLayer))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    features = _features(model, 2)
    assert np.array_equal(loaded(features), model(features))
    halves = [model({name: one[rows] for name, one in features.items()}).numpy() for rows in (slice(0, 1), slice(1, 2))]
    assert np.concatenate(halves) == pytest.approx(model(features).numpy(), abs=1e-4)


@pytest.mark.parametrize("names", [[], ["features"], ["stride8", "P3"]])
def test_other_maps_are_refused(names: list[str]) -> None:
    with pytest.raises(ValueError, match="feature maps named stride2"):
        fpn_decoder({name: keras.Input((8, 8, 4)) for name in names}, 3, (64, 64), 0)
