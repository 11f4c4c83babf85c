from __future__ import annotations

import keras
import numpy as np
import pytest

from kerastune_ft.graph.rebuild.image_size import NotResizable, at_size, continue_at


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


def _decoder(below: keras.Model, size: tuple[int, int]) -> keras.Model:
    """A map as large as another output of the body is laid beside it, and both become as large as the images."""
    fine, coarse = below.outputs
    up = keras.layers.Resizing(*fine.shape[1:3], interpolation="bilinear", name="up")(coarse)
    x = keras.layers.Conv2D(1, 1, name="masks")(keras.layers.Concatenate()([fine, up]))
    return keras.Model(below.input, keras.layers.Resizing(*size, interpolation="bilinear", name="whole")(x))


def test_what_follows_brings_maps_to_the_new_size_of_the_same_thing() -> None:
    inputs = _images(16)
    fine = keras.layers.Conv2D(4, 3, 2, padding="same", name="fine")(inputs)
    body = keras.Model(inputs, [fine, keras.layers.Conv2D(4, 3, 3, name="coarse")(fine)])
    model = _decoder(body, (16, 16))
    resized = at_size(body, (24, 20))
    made = continue_at(model, body, resized)
    assert made.output_shape == (None, 24, 20, 1)
    built = _decoder(resized, (24, 20))
    built.get_layer("masks").set_weights(model.get_layer("masks").get_weights())
    images = np.random.default_rng(0).normal(size=(2, 24, 20, 3)).astype(np.float32)
    assert np.array_equal(made(images), built(images))
    assert {id(one) for one in made.variables} == {id(one) for one in model.variables}


def test_outputs_that_are_larger_by_a_factor_and_no_more_as_large_as_the_images_are_refused() -> None:
    inputs = _images(16)
    body = keras.Model(inputs, keras.layers.Conv2D(2, 3, 8, padding="same")(inputs))
    model = keras.Model(inputs, keras.layers.UpSampling2D(8)(body.output))
    assert continue_at(model, body, at_size(body, (24, 24))).output_shape == (None, 24, 24, 2)
    with pytest.raises(NotResizable, match="its outputs would be 24 x 24, not 20 x 20"):
        continue_at(model, body, at_size(body, (20, 20)))


def test_a_body_that_brings_images_to_one_size_is_refused() -> None:
    inputs = _images(16)
    model = keras.Model(inputs, keras.layers.Conv2D(2, 3)(keras.layers.CenterCrop(8, 8, name="middle")(inputs)))
    with pytest.raises(NotResizable, match=r"middle \(CenterCrop\) brings its input to one size"):
        at_size(model, (24, 24))


def test_images_that_are_too_small_are_told_from_a_graph_of_one_size() -> None:
    inputs = _images(16)
    model = keras.Model(inputs, keras.layers.Conv2D(2, 5, name="wide")(keras.layers.MaxPooling2D(2)(inputs)))
    with pytest.raises(NotResizable, match=r"the images are too small for wide \(Conv2D\)"):
        at_size(model, (8, 8))
