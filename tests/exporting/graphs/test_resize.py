"""The resizing of exports beside Keras' own, for every way of resizing and sizes of any kind."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.exporting.graphs.resize import make_weights, resize
from kerastune_ft.input.decode import Geometry, fit_pixels

SIZES = [(224, 224), (300, 401), (97, 31), (7, 500), (1, 1), (2, 3), (223, 225), (640, 480)]
TARGETS = [(224, 224), (33, 50), (96, 64)]
HOW = ("crop", "pad", "stretch")
# Of images of a few pixels many values lie between two numbers exactly, and are rounded by their last digit.
TINY, MOST, MOST_OF_TINY = 100, 2e-3, 2e-2


def trace(geometry: Geometry) -> Any:
    specs = [tf.TensorSpec([None, None, None, 3], tf.float32)]
    return tf.function(lambda images: resize(images, geometry), input_signature=specs)


_resize = {(how, target): trace(Geometry(*target, how)) for how in HOW for target in TARGETS}


def photo(height: int, width: int) -> np.ndarray:
    """Noise on a slope, whose neighbours differ much."""
    slope = np.linspace(0, 155, height * width * 3).reshape(height, width, 3)
    return (slope + np.random.default_rng(height).integers(0, 100, (height, width, 3))).astype(np.uint8)


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("target", TARGETS)
def test_it_is_the_resizing_of_keras_and_of_training(how: str, target: tuple[int, int]) -> None:
    geometry = Geometry(*target, how)
    layer = keras.layers.Resizing(
        *target, crop_to_aspect_ratio=how == "crop", pad_to_aspect_ratio=how == "pad", antialias=True
    )
    for size in SIZES:
        image = photo(*size)
        found = _resize[how, target](tf.constant(image[np.newaxis], tf.float32)).numpy()[0]
        for other in (np.round(layer(np.float32(image[np.newaxis])).numpy()[0]), fit_pixels(image, geometry).numpy()):
            far = np.abs(found - other)
            assert far.max() <= 1, (size, far.max())
            assert (far > 0).mean() < (MOST_OF_TINY if size[0] * size[1] < TINY else MOST), (size, (far > 0).mean())


def test_an_image_of_the_size_itself_stays_as_it_is() -> None:
    image = photo(33, 50)
    assert np.array_equal(_resize["crop", (33, 50)](np.float32(image[np.newaxis])).numpy()[0], image)


@pytest.mark.parametrize(("size", "target"), [(300, 224), (5, 224), (1, 7), (4000, 3)])
def test_weights_are_those_of_a_triangle(size: int, target: int) -> None:
    scale = max(size / target, 1)
    centres = (np.arange(target) + 0.5) * size / target
    wanted = np.maximum(1 - np.abs(np.arange(size) + 0.5 - centres[:, np.newaxis]) / scale, 0)
    found = make_weights(tf.constant(size), target).numpy()
    assert np.allclose(found, wanted / wanted.sum(axis=1, keepdims=True), atol=2e-4 / scale)
    assert np.allclose(found.sum(axis=1), 1, atol=1e-5)
