from __future__ import annotations

import math
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.graph import keras_private
from kerastune_ft.layers.decoders.unet import unet_decoder

STRIDES = (2, 4, 8, 16, 32)


def _inputs(size: tuple[int, int], strides: tuple[int, ...] = STRIDES) -> dict[str, keras.KerasTensor]:
    """Return feature maps as convolutions with padding give them: sides rounded up."""
    return {
        f"stride{stride}": keras.Input(
            (*(math.ceil(side / stride) for side in size), 4 + stride), name=f"stride{stride}"
        )
        for stride in strides
    }


def _model(size: tuple[int, int], strides: tuple[int, ...] = STRIDES, seed: int = 0, **options: float) -> keras.Model:
    keras.utils.clear_session()
    inputs = _inputs(size, strides)
    return keras.Model(inputs, unet_decoder(inputs, 3, size, seed, **options))


def _features(model: keras.Model, batch: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    return {one.name: random.normal(size=(batch, *one.shape[1:])).astype(np.float32) for one in model.inputs}


@pytest.mark.parametrize("size", [(64, 64), (96, 64), (75, 101), (224, 250)])
@pytest.mark.parametrize("strides", [STRIDES, (4, 8, 16, 32), (8,), (2, 32)])
def test_logits_have_the_size_of_the_image(size: tuple[int, int], strides: tuple[int, ...]) -> None:
    model = _model(size, strides, width=16)
    assert model.output_shape == (None, *size, 3)
    assert np.isfinite(model(_features(model, 2))).all()
    assert {variable.dtype for variable in model.variables} == {"float32"}
    assert len({variable.path for variable in model.variables}) == len(model.variables)


def test_the_order_of_the_endpoints_does_not_matter() -> None:
    keras.utils.clear_session()
    inputs = _inputs((64, 64))
    turned = dict(reversed(inputs.items()))
    models = [keras.Model(inputs, unet_decoder(one, 3, (64, 64), 0)) for one in (inputs, turned)]
    features = _features(models[0], 2)
    assert np.array_equal(models[0](features), models[1](features))


def test_initial_values_follow_from_seed_and_layer_alone() -> None:
    def kernels(model: keras.Model) -> dict[str, np.ndarray]:
        return {one.path: one.numpy() for one in model.variables if one.path.endswith("kernel")}

    keras.utils.set_random_seed(1)
    first = kernels(_model((64, 64), seed=5))
    keras.utils.set_random_seed(2)
    again, other = kernels(_model((64, 64), seed=5)), kernels(_model((64, 64), seed=6))
    fewer = kernels(_model((96, 64), STRIDES[1:], seed=5))
    assert all(np.array_equal(first[path], again[path]) for path in first)
    assert all(np.any(first[path] != other[path]) for path in first)
    same = [path for path in fewer if fewer[path].shape == first[path].shape]
    assert len(same) == 10
    assert all(np.array_equal(first[path], fewer[path]) for path in same)


@pytest.mark.parametrize(
    ("width", "expected"),
    [(64, [16, 24, 32, 48, 64]), (20, [8, 8, 8, 16, 16]), (1, [8] * 5), (256, [64, 88, 128, 184, 256])],
)
def test_width_falls_towards_the_finer_maps(width: int, expected: list[int]) -> None:
    model = _model((64, 64), width=width)
    assert [model.get_layer(f"head_stride{stride}_a").filters for stride in STRIDES] == expected
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.GroupNormalization)]
    assert len(norms) == 1 + 3 * 4
    assert all(layer.gamma.shape[0] % layer.groups == 0 for layer in norms)


def test_an_example_does_not_see_the_others() -> None:
    """So that replicas, which each get a share of a batch, compute what one would."""
    model = _model((75, 64), width=16)
    features = _features(model, 4)
    whole = model(features, training=True).numpy()
    halves = [model({name: one[rows] for name, one in features.items()}).numpy() for rows in (slice(0, 1), slice(1, 4))]
    assert np.concatenate(halves) == pytest.approx(whole, abs=1e-4)
    assert not model.non_trainable_variables


def test_every_operation_is_a_named_stock_layer(tmp_path: Path) -> None:
    model = _model((75, 64), width=8, dropout=0.1)
    operations = [node.operation for node in keras_private.nodes_in_order(model)]
    assert all(isinstance(one, keras.layers.Layer) and type(one).__module__.startswith("keras.") for one in operations)
    assert all(one.name.startswith("head_") for one in operations if not isinstance(one, keras.layers.InputLayer))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    features = _features(model, 2)
    assert np.array_equal(loaded(features), model(features))


def test_computes_in_float32_on_features_of_half_precision() -> None:
    keras.utils.clear_session()
    inputs = {name: keras.Input(one.shape[1:], name=name, dtype="float16") for name, one in _inputs((64, 64)).items()}
    model = keras.Model(inputs, unet_decoder(inputs, 3, (64, 64), 0, width=8))
    assert model(_features(model, 1)).dtype == tf.float32


# That it learns in a run is in tests/runs/test_segmentation.py.
@pytest.mark.slow
def test_learns_one_picture() -> None:
    model = _model((32, 32), (2, 4, 8), width=16)
    features, target = _features(model, 1), np.random.default_rng(1).integers(0, 3, (1, 4, 4)).repeat(8, 1).repeat(8, 2)
    model.compile(keras.optimizers.Adam(0.01), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    before = model.evaluate(features, target, verbose=0)
    model.fit(features, target, epochs=60, verbose=0)
    assert model.evaluate(features, target, verbose=0) < 0.3 * before


@pytest.mark.parametrize("names", [[], ["features"], ["stride8", "P3"]])
def test_other_maps_are_refused(names: list[str]) -> None:
    with pytest.raises(ValueError, match="feature maps named stride2"):
        unet_decoder({name: keras.Input((8, 8, 4)) for name in names}, 3, (64, 64), 0)
