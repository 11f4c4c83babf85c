from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.input import decode as decoding
from kerastune_ft.input.decode import Geometry, decode_image

SIZES = [(37, 53), (200, 31), (64, 64), (65, 64), (31, 40), (7, 5), (1, 90)]


def _pixels(height: int, width: int, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(height * width).integers(0, 256, (height, width, channels), np.uint8)


@pytest.mark.parametrize("resize", ["crop", "pad", "stretch"])
@pytest.mark.parametrize("target", [(64, 64), (33, 48)])
def test_equals_the_resizing_layer_of_an_export(resize: str, target: tuple[int, int]) -> None:
    layer = keras.layers.Resizing(
        *target,
        interpolation="bilinear",
        antialias=True,
        crop_to_aspect_ratio=resize == "crop",
        pad_to_aspect_ratio=resize == "pad",
    )
    geometry = Geometry(*target, resize)
    from_bytes = tf.function(
        lambda content: decode_image(content, geometry), input_signature=[tf.TensorSpec([], tf.string)]
    )
    for size in SIZES:
        image = _pixels(*size)
        expected = np.round(layer(image[np.newaxis].astype(np.float32)).numpy()[0])
        assert np.array_equal(from_bytes(tf.io.encode_png(image)), expected), size
        assert np.array_equal(decode_image(tf.constant(image), geometry), expected), size


def test_crop_keeps_the_middle_pad_keeps_all_stretch_distorts() -> None:
    image = np.zeros((20, 60, 3), np.uint8)
    image[:, 20:40] = 200
    assert decode_image(tf.constant(image), Geometry(20, 20, "crop")).numpy().min() == 200
    padded = decode_image(tf.constant(image), Geometry(60, 60, "pad")).numpy()
    assert padded[:20].max() == 0
    assert np.array_equal(padded[20:40], image)
    stretched = decode_image(tf.constant(image), Geometry(20, 30, "stretch")).numpy()
    assert stretched[:, 0].max() == 0
    assert stretched[:, 15].min() == 200


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_channels_of_arrays_and_bytes_agree(channels: int) -> None:
    image = _pixels(16, 16, channels)
    geometry = Geometry(16, 16)
    from_array = decode_image(tf.constant(image), geometry).numpy()
    assert np.array_equal(decode_image(tf.io.encode_png(image), geometry), from_array)
    colour = np.repeat(image[..., :1], 3, axis=-1) if channels < 3 else image[..., :3]
    alpha = image[..., -1:] / 255.0 if channels in (2, 4) else np.ones((16, 16, 1))
    assert np.abs(from_array - (colour * alpha + 255 * (1 - alpha))).max() <= 0.51


def test_grey_without_channel_axis_and_floats() -> None:
    grey = _pixels(16, 16, 1)[..., 0]
    expected = np.repeat(grey[..., np.newaxis], 3, axis=-1)
    assert np.array_equal(decode_image(tf.constant(grey), Geometry(16, 16)), expected)
    assert np.array_equal(decode_image(tf.constant(grey, tf.float32) + 0.2, Geometry(16, 16)), expected)


def test_shape_and_type_are_static() -> None:
    dataset = tf.data.Dataset.from_tensors(tf.io.encode_jpeg(_pixels(9, 11)))
    spec = dataset.map(lambda content: decode_image(content, Geometry(8, 10, "pad"))).element_spec
    assert spec == tf.TensorSpec([8, 10, 3], tf.uint8)


@pytest.mark.parametrize("target", [(64, 64), (33, 48)])
def test_padding_side_by_side_gives_the_same(monkeypatch: pytest.MonkeyPatch, target: tuple[int, int]) -> None:
    geometry = Geometry(*target, "pad")
    for size in SIZES:
        image = tf.constant(_pixels(*size))
        expected = decode_image(image, geometry).numpy().astype(int)
        with monkeypatch.context() as patch:
            patch.setattr(decoding, "LARGEST_PADDED", 0)
            found = decode_image(image, geometry).numpy().astype(int)
        # The sums are the same, in another order: a half may be rounded the other way.
        assert np.abs(found - expected).max() <= 1, size
        assert (found != expected).mean() < 0.01, size


@pytest.mark.parametrize("resize", ["crop", "pad", "stretch"])
@pytest.mark.parametrize("size", [(10, 60000), (60000, 10), (1, 1)])
def test_extreme_shapes_take_no_more_memory_than_they_have(resize: str, size: tuple[int, int]) -> None:
    """Bars that make a square of 60000 x 10 would take 10 GB."""
    image = np.full((*size, 3), 200, np.uint8)
    found = decode_image(tf.constant(image), Geometry(64, 64, resize)).numpy()
    if resize != "pad":
        assert (found == 200).all()
    elif size != (1, 1):
        # A line of 60000 x 10 is a hundredth of a pixel thin in the middle of 64.
        assert found.sum() < 255 * 64 * 3
    else:
        assert (found == 200).all()
