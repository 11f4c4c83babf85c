"""A head of the caller's: made anew, with weights by the seed and names by its order."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from kerastune_ft.errors import ConfigError
from kerastune_ft.graph import keras_private
from kerastune_ft.graph.rows.windows import UnfoldWindows
from kerastune_ft.own.head import build_head, list_custom_classes, name_layers


class Doubling(keras.layers.Layer):
    def call(self, inputs: Any) -> Any:
        return inputs * 2


def _function(features: Any, outputs: int) -> Any:
    x = keras.layers.Dropout(0.5)(keras.layers.GlobalAveragePooling2D()(features))
    return keras.layers.Dense(outputs)(keras.layers.Dense(4, activation="relu")(x))


def _model() -> keras.Sequential:
    layers = keras.layers
    return keras.Sequential([layers.GlobalAveragePooling2D(), layers.Dense(4), layers.Dense(3)])


def _build(given: Any, seed: int = 0) -> keras.Model:
    features = keras.Input((2, 2, 5))
    return keras.Model(features, build_head(given, features, (3,), seed))


@pytest.mark.parametrize("given", [_function, _model()])
def test_weights_follow_from_the_seed_and_nothing_is_left_of_training(given: Any) -> None:
    first = _build(given, 1)
    values = [np.array(value) for value in first.get_weights()]
    first.set_weights([value + 1 for value in values])
    again, other = _build(given, 1), _build(given, 2)
    for value, same in zip(values, again.get_weights(), strict=True):
        np.testing.assert_array_equal(value, same)
    assert any(np.any(value != drawn) for value, drawn in zip(values, other.get_weights(), strict=True))


def test_names_and_paths_do_not_depend_on_what_keras_has_counted() -> None:
    paths = []
    for _ in range(2):
        model = _build(_model())
        name_layers(model.layers[1:])
        paths.append([variable.path for variable in model.variables] + list(keras_private.leaf_layers(model.layers[1])))
    assert paths[0] == paths[1]
    assert len(set(paths[0])) == len(paths[0])
    assert paths[0][0].startswith("head_1_sequential/")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            lambda features, outputs: keras.layers.Dense(outputs)(features),
            r"gives \(None, 2, 2, 3\).*needs \(None, 3\).*GlobalAveragePooling2D does",
        ),
        (lambda features, outputs: 1 / 0, "cannot be built on features .*ZeroDivisionError"),
        (lambda features, outputs: None, "it gives NoneType"),
        (keras.layers.GlobalAveragePooling2D(), r"gives \(None, 5\)"),
    ],
)
def test_what_builds_no_outputs_is_refused_with_its_shape(given: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        _build(given)


def test_classes_of_the_callers_own_are_found_at_any_depth() -> None:
    inner = keras.Sequential([keras.layers.Dense(2), Doubling()])
    assert list_custom_classes([keras.layers.ReLU(), inner]) == {"Doubling": Doubling}


def _decode(features: Any, outputs: int) -> Any:
    return keras.layers.Conv2D(outputs, 1)(features["stride4"])


def test_a_head_of_masks_gets_maps_by_name_and_may_give_smaller_ones() -> None:
    maps = {f"stride{each}": keras.Input((16 // each, 16 // each, 5), name=f"stride{each}") for each in (4, 8)}
    outputs = build_head(_decode, maps, (16, 16, 3), 0)
    assert tuple(outputs.shape) == (None, 16, 16, 3)
    model = keras.Model(maps, outputs)
    given = {name: np.random.default_rng(0).normal(size=(2, *each.shape[1:])) for name, each in maps.items()}
    fine = given["stride4"].astype(np.float32) @ np.array(model.trainable_variables[0])[0, 0]
    resized = keras.ops.image.resize(fine, (16, 16), interpolation="bilinear")
    np.testing.assert_allclose(model(given), resized, atol=1e-5)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            lambda features, outputs: keras.layers.Dense(outputs)(features["stride8"][:, 0, 0]),
            r"gives \(None, 3\).*needs \(None, 16, 16, 3\).*smaller one that is resized",
        ),
        (lambda features, outputs: keras.layers.Conv2D(2, 1)(features["stride4"]), r"gives \(None, 4, 4, 2\)"),
        (keras.layers.Conv2D(3, 1), r"features \{'stride4': \(None, 4, 4, 5\), 'stride8': \(None, 2, 2, 5\)\}"),
    ],
)
def test_heads_of_masks_are_refused_with_both_shapes(given: Any, said: str) -> None:
    maps = {f"stride{each}": keras.Input((16 // each, 16 // each, 5), name=f"stride{each}") for each in (4, 8)}
    with pytest.raises(ConfigError, match=said):
        build_head(given, maps, (16, 16, 3), 0)


def _windows() -> tuple[Any, Any, Any]:
    """Return features [rows, 4, 6] of windows, their mask by rows, and by examples."""
    given, mask = keras.Input((None, 4, 6)), keras.Input((None, 4), dtype="int32")
    rows, masks = UnfoldWindows("features")(given), UnfoldWindows("mask", "int32")(mask)
    return (given, mask), rows, masks


def test_a_head_on_windows_is_averaged_over_those_with_tokens() -> None:
    def pool(features: Any, outputs: int, mask: Any) -> Any:
        return keras.layers.Dense(outputs)(keras.layers.GlobalAveragePooling1D()(features, mask=mask))

    def pool_all(features: Any, outputs: int, windows: Any) -> Any:
        present = keras.ops.expand_dims(keras.ops.cast(windows, "float32"), -1)
        return keras.layers.Dense(outputs)(keras.ops.sum(features * present, axis=(1, 2)))

    values = np.random.default_rng(0).normal(size=(2, 3, 4, 6)).astype(np.float32)
    mask = np.ones((2, 3, 4), np.int32)
    mask[0, 1, 2:], mask[0, 2], mask[1, 1:] = 0, 0, 0
    (given, present), rows, masks = _windows()
    model = keras.Model([given, present], build_head(pool, rows, (3,), 0, masks, present))
    kernel = next(layer.kernel for layer in model.layers if isinstance(layer, keras.layers.Dense))
    first = (values[0, 0].mean(0) + values[0, 1, :2].mean(0)) / 2
    expected = np.stack([first, values[1, 0].mean(0)]) @ np.array(kernel)
    np.testing.assert_allclose(model([values, mask]), expected, atol=1e-5)

    (given, present), rows, masks = _windows()
    model = keras.Model([given, present], build_head(pool_all, rows, (3,), 0, masks, present))
    kernel = next(layer.kernel for layer in model.layers if isinstance(layer, keras.layers.Dense))
    expected = (values * mask[..., np.newaxis]).sum((1, 2)) @ np.array(kernel)
    np.testing.assert_allclose(model([values, mask]), expected, atol=1e-5)


def test_moments_of_windows_that_fill_up_are_refused() -> None:
    given = keras.Sequential(
        [keras.layers.GlobalAveragePooling1D(), keras.layers.BatchNormalization(), keras.layers.Dense(3)]
    )
    (_, present), rows, masks = _windows()
    with pytest.raises(ConfigError, match="use LayerNormalization"):
        build_head(given, rows, (3,), 0, masks, present)


def test_layers_that_know_masks_leave_padding_out() -> None:
    layers = [keras.layers.Dropout(0.1), keras.layers.GlobalAveragePooling1D(), keras.layers.Dense(3)]
    x = keras.Input((None, 6))
    graph = keras.Model(x, keras.Sequential(layers)(keras.layers.Dense(6)(x)))
    for given in (keras.Sequential(layers), graph, lambda features, outputs: layers[2](layers[1](features))):
        features, mask = keras.Input((None, 6)), keras.Input((None,), dtype="int32")
        model = keras.Model([features, mask], build_head(given, features, (3,), 0, mask))
        values = np.random.default_rng(0).normal(size=(1, 4, 6)).astype(np.float32)
        cut = model([values[:, :2], np.ones((1, 2), np.int32)])
        np.testing.assert_allclose(model([values, np.array([[1, 1, 0, 0]], np.int32)]), cut, atol=1e-6)
        assert np.any(cut != 0)


@pytest.mark.parametrize(
    ("last", "named"),
    [
        ([keras.layers.Dense(3, activation="softmax")], "softmax"),
        ([keras.layers.Dense(3), keras.layers.Softmax()], "softmax"),
        ([keras.layers.Dense(3), keras.layers.Activation("sigmoid")], "sigmoid"),
    ],
)
def test_probabilities_are_not_made_twice(last: list[Any], named: str) -> None:
    features = keras.Input((5,))
    for given in (keras.Sequential(last), lambda features, outputs: keras.Sequential(last)(features)):
        with pytest.raises(ConfigError, match=f"head: it ends with {named}"):
            build_head(given, features, (3,), 0, of_classes=True)
        # Values may end with anything.
        build_head(given, features, (3,), 0)
    maps = {"stride4": keras.Input((4, 4, 5))}
    with pytest.raises(ConfigError, match=f"head: it ends with {named}"):
        build_head(lambda maps, outputs: keras.Sequential(last)(maps["stride4"]), maps, (8, 8, 3), 0, of_classes=True)
    build_head(keras.layers.Dense(3, activation="tanh"), features, (3,), 0, of_classes=True)
