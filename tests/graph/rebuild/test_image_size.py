from __future__ import annotations

import keras
import numpy as np
import pytest

from kerastune_ft.graph.rebuild.image_size import NotResizable, at_size


def _images(side: int = 8) -> keras.KerasTensor:
    return keras.Input((side, side, 3), name="image")


def test_convolutions_take_any_size() -> None:
    inputs = _images()
    x = keras.layers.Conv2D(4, 3, name="one")(inputs)
    model = keras.Model(inputs, keras.ops.relu(keras.layers.BatchNormalization(name="norm")(x)))
    made = at_size(model, (12, 10))
    assert made.output_shape == (None, 10, 8, 4)
    assert made.get_layer("one") is model.get_layer("one")
    assert model.output_shape == (None, 6, 6, 4)
    images = np.random.default_rng(0).normal(size=(2, 8, 8, 3)).astype(np.float32)
    assert np.array_equal(at_size(model, (8, 8))(images), model(images))


def test_weights_for_every_place_are_refused() -> None:
    inputs = _images()
    model = keras.Model(inputs, keras.layers.Dense(2, name="all")(keras.layers.Flatten()(inputs)))
    with pytest.raises(NotResizable, match=r"all \(Dense\) is made for one size"):
        at_size(model, (16, 16))


def test_a_reshape_that_would_mix_examples_is_refused() -> None:
    inputs = _images()
    model = keras.Model(inputs, keras.ops.reshape(inputs, (-1, 64, 3)))
    with pytest.raises(NotResizable, match="made for one size"):
        at_size(model, (16, 16))


def test_a_model_of_vectors_is_refused() -> None:
    inputs = keras.Input((4,))
    with pytest.raises(NotResizable, match="takes no images"):
        at_size(keras.Model(inputs, keras.layers.Dense(2)(inputs)), (8, 8))
