from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.graph import keras_private, randomness
from kerastune_ft.graph.randomness import address_draws, bind, example_keys, keep_mask, uniform, window_keys
from tests.support.graph_models import application

INDICES = np.array([0, 1, 5, 7, 100, 2**31, 2**32 + 5, 2**40], np.int64)


def _draws(address: str = "7/0", epoch: int = 3, site: str = "dropout", indices: np.ndarray = INDICES) -> np.ndarray:
    return uniform(example_keys(address, epoch, tf.constant(indices)), site, [6, 5]).numpy()


def test_a_row_depends_on_its_example_alone() -> None:
    whole = _draws()
    order = np.random.default_rng(0).permutation(len(INDICES))
    assert np.array_equal(_draws(indices=INDICES[order]), whole[order])
    for row, index in enumerate(INDICES):
        assert np.array_equal(_draws(indices=np.array([index]))[0], whole[row])
    compiled = tf.function(lambda keys: uniform(keys, "dropout", [6, 5]))
    assert np.array_equal(compiled(example_keys("7/0", tf.constant(3), tf.constant(INDICES))), whole)


@pytest.mark.parametrize("change", [{"address": "7/1"}, {"address": "8/0"}, {"epoch": 4}, {"site": "other"}])
def test_every_part_of_the_address_counts(change: dict) -> None:
    assert np.mean(_draws(**change) == _draws()) < 0.01


def test_examples_differ_also_beyond_32_bits() -> None:
    rows = _draws()
    assert len(np.unique(rows[:, 0, 0])) == len(INDICES)


def test_draws_are_those_of_other_releases() -> None:
    # A change here changes every resumed run: it needs a line in the changelog.
    keys = example_keys("7/0", 3, tf.constant([0, 5], tf.int64))
    assert keys.numpy().tolist() == [[3850812830, 3234909819], [617843203, 4147026024]]
    assert uniform(keys, "dropout").numpy().tolist() == [0.5872167944908142, 0.8458467721939087]


def test_a_window_draws_by_its_example_and_its_place() -> None:
    keys = example_keys("7/0", 3, tf.constant(INDICES))
    four, two = (window_keys(keys, count).numpy().reshape(len(INDICES), count, 2) for count in (4, 2))
    assert np.array_equal(four[:, 0], keys)
    assert np.array_equal(four[:, :2], two)
    assert len(np.unique(four.reshape(-1, 2), axis=0)) == four.shape[0] * four.shape[1]
    draws = uniform(tf.constant(four.reshape(-1, 2)), "site", [500]).numpy()
    assert np.abs(np.corrcoef(draws) - np.eye(len(draws))).max() < 0.2


def test_dropout_within_windows_is_addressed_by_window() -> None:
    layer = keras.layers.Dropout(0.5)
    bind({"body/dropout": layer})
    keys = example_keys("7/0", 3, tf.constant([4, 9], tf.int64))
    with address_draws(keys):
        wide, narrow = (layer(np.ones((2 * count, 40), np.float32), training=True).numpy() for count in (3, 1))
        alone = layer(np.ones((2, 40), np.float32), training=True).numpy()
    assert np.array_equal(wide[::3], narrow)
    assert np.array_equal(narrow, alone)
    assert len(np.unique(wide, axis=0)) == 6


@pytest.mark.parametrize("dtype", [tf.float32, tf.bfloat16])
@pytest.mark.parametrize("shape", [(12, 37, 37), (1031,)])
def test_compiled_draws_are_the_same(shape: tuple[int, ...], dtype: tf.DType, monkeypatch: pytest.MonkeyPatch) -> None:
    keys, called = example_keys("7/0", 3, tf.range(130, dtype=tf.int64)), []
    fused = randomness._compute_mask
    monkeypatch.setattr(randomness, "_compute_mask", lambda *arguments: called.append(arguments) or fused(*arguments))

    def both(keys: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return keep_mask(keys, "site", shape, 0.1, dtype), tf.cast(uniform(keys, "site", shape) >= 0.1, dtype)

    many, expected = tf.function(both)(keys)
    assert called and many.shape == (130, *shape) and many.dtype == dtype
    assert np.array_equal(many, expected)
    assert abs(np.mean(tf.cast(many, tf.float32)) - 0.9) < 0.01
    few = keep_mask(keys[:3], "site", shape, 0.1, dtype)
    assert len(called) == 1
    assert np.array_equal(few, expected[:3])
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: [kind] if kind == "GPU" else [])
    assert np.array_equal(keep_mask(keys, "site", shape, 0.1, dtype), expected) and len(called) == 1


def test_draws_are_uniform_and_independent() -> None:
    keys = example_keys("0/0", 0, tf.range(400, dtype=tf.int64))
    draws = uniform(keys, "site", [500]).numpy()
    assert draws.min() >= 0
    assert draws.max() < 1
    # 200 000 draws: four standard errors.
    assert abs(draws.mean() - 0.5) < 4 * np.sqrt(1 / 12 / draws.size)
    counts = np.histogram(draws, bins=50, range=(0, 1))[0]
    assert np.square(counts - draws.size / 50).sum() / (draws.size / 50) < 100
    for other in (draws[1:, :] - 0.5) * (draws[:-1, :] - 0.5), (draws[:, 1:] - 0.5) * (draws[:, :-1] - 0.5):
        assert abs(other.mean()) < 5 / 12 / np.sqrt(other.size)
    means = draws.mean(axis=1)
    assert abs(means.std() - np.sqrt(1 / 12 / 500)) < 0.002


def _bind(layer: keras.layers.Layer, path: str = "layer") -> keras.layers.Layer:
    assert bind({path: layer}) == []
    return layer


def test_dropout_draws_by_address() -> None:
    layer = _bind(keras.layers.Dropout(0.3))
    ones = tf.ones([64, 40])
    keys = example_keys("0/0", 0, tf.range(64, dtype=tf.int64))
    with address_draws(keys):
        whole = layer(ones, training=True).numpy()
    assert set(np.unique(whole)) == {np.float32(0), np.float32(1 / np.float32(0.7))}
    assert abs((whole == 0).mean() - 0.3) < 4 * np.sqrt(0.21 / whole.size)
    with address_draws(keys[10:]):
        assert np.array_equal(layer(ones[10:], training=True), whole[10:])
    with address_draws(keys):
        assert np.array_equal(layer(ones, training=True), whole)
        other = _bind(keras.layers.Dropout(0.3), "other")(ones, training=True).numpy()
    assert 0.4 < (other == whole).mean() < 0.8


def test_dropout_is_the_identity_outside_training() -> None:
    layer = _bind(keras.layers.Dropout(0.5))
    ones = tf.ones([4, 8])
    assert np.array_equal(layer(ones), ones)
    with address_draws(example_keys("0/0", 0, tf.range(4, dtype=tf.int64))):
        assert np.array_equal(layer(ones, training=False), ones)
        assert not np.array_equal(layer(ones, training=True), ones)
        layer.trainable = False
        assert np.array_equal(layer(ones, training=True), ones)
        layer.trainable, layer.rate = True, 0
        assert np.array_equal(layer(ones, training=True), ones)


def test_a_draw_outside_an_addressed_step_is_a_mistake() -> None:
    layer = _bind(keras.layers.Dropout(0.5), "head_dropout")
    with pytest.raises(RuntimeError, match="head_dropout draws outside an addressed step"):
        layer(tf.ones([2, 2]), training=True)


def test_contexts_nest() -> None:
    layer = _bind(keras.layers.Dropout(0.5))
    ones = tf.ones([4, 30])
    outer, inner = (example_keys("0/0", epoch, tf.range(4, dtype=tf.int64)) for epoch in (0, 1))
    with address_draws(outer):
        before = layer(ones, training=True).numpy()
        with address_draws(inner):
            assert not np.array_equal(layer(ones, training=True), before)
        assert np.array_equal(layer(ones, training=True), before)


def test_layers_that_draw_otherwise_are_named() -> None:
    layers = {"a": keras.layers.GaussianNoise(0.1), "b": keras.layers.Dense(2), "c": keras.layers.GaussianDropout(0.1)}
    assert bind(layers) == ["a", "c"]


def test_a_bound_model_saves_as_stock_layers(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dropout(0.5)])
    bind(keras_private.leaf_layers(model))
    model.save(f"{tmp_path}/model.keras")
    loaded = keras.models.load_model(f"{tmp_path}/model.keras")
    x = np.ones([2, 4], np.float32)
    assert np.array_equal(loaded(x), model(x))
    assert not np.array_equal(loaded(x, training=True), loaded(x))


def _small_convnext() -> keras.Model:
    convnext = importlib.import_module("keras.src.applications.convnext")
    return convnext.ConvNeXt(
        [2, 2, 3, 2],
        [8, 8, 16, 16],
        drop_path_rate=0.5,
        layer_scale_init_value=1.0,
        include_top=False,
        weights=None,
        input_shape=(32, 32, 3),
    )


@pytest.mark.parametrize(
    ("build", "sites"),
    [pytest.param(lambda: application("EfficientNetB0", 32).model, 9, marks=pytest.mark.slow), (_small_convnext, 8)],
)
def test_stochastic_depth_does_not_depend_on_the_batch(build: Callable[[], keras.Model], sites: int) -> None:
    model = build()
    leaves = keras_private.leaf_layers(model)
    seeded = {
        path for path, layer in leaves.items() if hasattr(layer, "seed_generator") or hasattr(layer, "drop_path_rate")
    }
    assert len(seeded) == sites
    assert bind(leaves) == []
    assert all("call" in vars(leaves[path]) for path in seeded)
    for layer in leaves.values():
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
    images = np.random.default_rng(0).uniform(0, 255, (8, 32, 32, 3)).astype(np.float32)
    keys = example_keys("0/0", 0, tf.range(8, dtype=tf.int64))

    @tf.function(reduce_retracing=True)
    def outputs(images: tf.Tensor, keys: tf.Tensor) -> tf.Tensor:
        with address_draws(keys):
            return model(images, training=True)

    def difference(one: np.ndarray, other: np.ndarray) -> float:
        return float(np.abs(one - other).max() / np.abs(one).max())

    whole = outputs(images, keys).numpy()
    assert difference(whole, model(images, training=False).numpy()) > 0.01
    assert difference(whole, np.concatenate([outputs(images[:4], keys[:4]), outputs(images[4:], keys[4:])])) < 1e-4
    assert difference(whole, outputs(images[::-1], keys[::-1]).numpy()[::-1]) < 1e-4
    later = outputs(images, example_keys("0/0", 1, tf.range(8, dtype=tf.int64)))
    assert difference(whole, later.numpy()) > 0.01
