"""A head of the caller's: made anew, with weights by the seed and names by its order."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from kerastune_ft.errors import ConfigError
from kerastune_ft.graph import keras_private
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
    return keras.Model(features, build_head(given, features, 3, seed))


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
            r"gives \(None, 2, 2, 3\).*needs \(None, 3\)",
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
