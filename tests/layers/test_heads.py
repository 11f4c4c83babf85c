from __future__ import annotations

import keras
import numpy as np
import pytest

from kerastune_ft.config.options.heads import Head
from kerastune_ft.errors import ConfigError
from kerastune_ft.layers.heads import dense_head


def _head(seed: int = 0, outputs: int = 3, **options: object) -> keras.Model:
    features = keras.Input((4, 4, 6))
    return keras.Model(features, dense_head(features, Head(**options), outputs, seed))


def test_layers_in_order() -> None:
    names = [layer.name for layer in _head(hidden=(8, 5)).layers[1:]]
    assert names == [
        "head_pooling",
        *(f"head_hidden_{number}{end}" for number in (1, 2) for end in ("_dropout", "")),
        "head_dropout",
        "head_output",
    ]
    assert {variable.path for variable in _head().variables if "seed" not in variable.path} == {
        "head_output/kernel",
        "head_output/bias",
    }


@pytest.mark.parametrize(("pooling", "pooled"), [("mean", np.mean), ("max", np.max)])
def test_output_is_linear_in_what_is_pooled(pooling: str, pooled: object) -> None:
    head = _head(pooling=pooling)
    features = np.random.default_rng(0).normal(size=(2, 4, 4, 6)).astype(np.float32)
    kernel, bias = head.get_layer("head_output").get_weights()
    assert np.allclose(head(features), pooled(features, axis=(1, 2)) @ kernel + bias, atol=1e-5)


@pytest.mark.parametrize(("shape", "first"), [((7, 6), "head_pooling"), ((6,), "head_dropout")])
def test_features_of_fewer_axes_take_a_head_too(shape: tuple[int, ...], first: str) -> None:
    features = keras.Input(shape)
    head = keras.Model(features, dense_head(features, Head(), 3, 0))
    assert head.layers[1].name == first
    given = np.random.default_rng(0).normal(size=(2, *shape)).astype(np.float32)
    kernel, bias = head.get_layer("head_output").get_weights()
    assert np.allclose(head(given), given.reshape(2, -1, 6).mean(axis=1) @ kernel + bias, atol=1e-5)


def test_pooling_without_positions_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"head\.pooling: it has no effect on features without positions"):
        dense_head(keras.Input((6,)), Head(pooling="max"), 3, 0)


def test_kernels_are_a_function_of_seed_and_layer() -> None:
    def kernels(**options: object) -> list[np.ndarray]:
        return [layer.kernel.numpy() for layer in _head(**options).layers if isinstance(layer, keras.layers.Dense)]

    keras.utils.set_random_seed(1)
    first = kernels(hidden=(6, 6))
    keras.utils.set_random_seed(2)
    assert all(np.array_equal(one, other) for one, other in zip(kernels(hidden=(6, 6)), first, strict=True))
    assert not np.array_equal(first[0], first[1])
    assert not np.array_equal(kernels(hidden=(6, 6), seed=1)[0], first[0])
    # Another layer before the output changes nothing in it.
    assert np.array_equal(kernels(hidden=(6,))[-1], first[-1])


def test_dropout_stands_before_every_dense_layer() -> None:
    head = _head(dropout=0.4, hidden=(8,))
    assert [layer.rate for layer in head.layers if isinstance(layer, keras.layers.Dropout)] == [0.4, 0.4]
    assert head.output.dtype == "float32"


def _of_sequence(pooling: str, features: np.ndarray, mask: np.ndarray) -> np.ndarray:
    given = keras.Input((None, 6)), keras.Input((None,), dtype="int32")
    # Keras 3.13 makes no model with an input that nothing reads.
    count = 1 if pooling == "cls" else 2
    head = keras.Model(given[:count], dense_head(given[0], Head(pooling=pooling), 3, 0, mask=given[1]))
    # Of stock layers and operations: what is saved opens again without this package.
    again = type(head).from_config(head.get_config())
    again.set_weights(head.get_weights())
    kernel, bias = head.get_layer("head_output").get_weights()
    found = np.asarray(again([features, mask][:count]))
    assert np.array_equal(found, np.asarray(head([features, mask][:count])))
    return np.linalg.lstsq(kernel.T, (found - bias).T, rcond=None)[0].T @ kernel


@pytest.mark.parametrize("pooling", ["mean", "max", "cls", "last"])
def test_padding_counts_nothing_in_what_is_pooled(pooling: str) -> None:
    features = np.random.default_rng(0).normal(size=(2, 5, 6)).astype(np.float32) - 4
    mask = np.array([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]], np.int32)
    wanted = {
        "mean": [features[0, :3].mean(axis=0), features[1].mean(axis=0)],
        "max": [features[0, :3].max(axis=0), features[1].max(axis=0)],
        "cls": features[:, 0],
        "last": [features[0, 2], features[1, 4]],
    }[pooling]
    kernel = dense_head_kernel()
    assert np.allclose(_of_sequence(pooling, features, mask), np.asarray(wanted) @ kernel, atol=1e-4)


def dense_head_kernel() -> np.ndarray:
    return _head().get_layer("head_output").get_weights()[0]


def test_the_last_position_needs_a_sequence() -> None:
    with pytest.raises(ConfigError, match=r'head\.pooling: "last" takes one position of a sequence'):
        dense_head(keras.Input((4, 4, 6)), Head(pooling="last"), 3, 0)
