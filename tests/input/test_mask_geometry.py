from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.input.decode import Geometry, find_window, fit
from kerastune_ft.input.mask_geometry import fit_mask, restore_mask

SIZES = [(37, 53), (200, 31), (64, 64), (65, 64), (31, 40), (7, 5), (1, 90), (480, 360)]
TARGETS = [(64, 64), (33, 48), (96, 96)]
RESIZES = ["crop", "pad", "stretch"]


def _mask(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(height * width).integers(0, 200, (height, width), np.uint8)


def _reference(mask: np.ndarray, geometry: Geometry) -> np.ndarray:
    """Cut or pad as Keras' Resizing layer does, then take the pixel in which each new pixel's centre lies."""
    height, width = mask.shape
    other_height = int(np.float32(width * geometry.height) / np.float32(geometry.width))
    other_width = int(np.float32(height * geometry.width) / np.float32(geometry.height))
    if geometry.resize == "crop":
        rows, columns = max(min(height, other_height), 1), max(min(width, other_width), 1)
        top, left = (height - rows) // 2, (width - columns) // 2
        mask = mask[top : top + rows, left : left + columns]
    elif geometry.resize == "pad":
        above, beside = (max(height, other_height) - height) // 2, (max(width, other_width) - width) // 2
        mask = np.pad(mask, ((above, above), (beside, beside)), constant_values=255)
    rows, columns = (
        [(2 * place + 1) * own // (2 * size) for place in range(size)]
        for own, size in zip(mask.shape, (geometry.height, geometry.width), strict=True)
    )
    return mask[np.ix_(rows, columns)]


@pytest.mark.parametrize("resize", RESIZES)
@pytest.mark.parametrize("target", TARGETS)
def test_takes_the_nearest_pixel_of_what_the_picture_shows(resize: str, target: tuple[int, int]) -> None:
    geometry = Geometry(*target, resize)
    traced = tf.function(lambda mask: fit_mask(mask, geometry), input_signature=[tf.TensorSpec([None, None], tf.uint8)])
    for size in SIZES:
        mask = _mask(*size)
        found = fit_mask(tf.constant(mask), geometry).numpy()
        assert found.dtype == np.uint8
        assert np.array_equal(found, _reference(mask, geometry)), size
        assert np.array_equal(traced(mask), found), size


@pytest.mark.parametrize("resize", RESIZES)
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("size", [(480, 360), (300, 500), (40, 30)])
def test_lies_on_the_picture(resize: str, target: tuple[int, int], size: tuple[int, int]) -> None:
    """A disc drawn into picture and mask alike: where the picture is wholly one or the other, so is the mask."""
    rows, columns = np.mgrid[: size[0], : size[1]]
    disc = (np.hypot(rows - size[0] / 2, columns - size[1] / 2) < min(size) / 3).astype(np.uint8)
    geometry = Geometry(*target, resize)
    picture = fit(tf.constant(np.repeat(disc[..., np.newaxis] * 255, 3, -1)), geometry).numpy()[..., 0]
    mask = fit_mask(tf.constant(disc), geometry).numpy()
    shown = mask != 255
    assert shown.all() or resize == "pad"
    assert not picture[~shown].any()
    sure = shown & ((picture < 1) | (picture > 254))
    assert sure.mean() > 0.3
    assert np.array_equal(mask[sure], picture[sure] > 127)
    area, expected = (mask == 1).sum(), picture.sum() / 255
    assert abs(area - expected) < 0.03 * expected + 2


def test_bars_are_outside_and_the_shape_is_static() -> None:
    geometry = Geometry(8, 10, "pad")
    dataset = tf.data.Dataset.from_tensors(np.ones((4, 20), np.uint8)).map(lambda mask: fit_mask(mask, geometry, 9))
    assert dataset.element_spec == tf.TensorSpec([8, 10], tf.uint8)
    (found,) = dataset
    assert np.array_equal(np.unique(found), [1, 9])
    assert (found.numpy()[3:5] == 1).all()
    assert (found.numpy()[:3] == 9).all()


@pytest.mark.parametrize("size", [(10, 60000), (60000, 10)])
def test_bars_beside_a_long_thin_picture_take_no_memory(size: tuple[int, int]) -> None:
    found = fit_mask(tf.ones(size, tf.uint8), Geometry(64, 64, "pad")).numpy()
    assert set(np.unique(found)) <= {1, 255}
    assert (found == 1).sum() <= 64


@pytest.mark.parametrize("resize", RESIZES)
def test_window_is_what_is_shown(resize: str) -> None:
    top, left, rows, columns = (
        int(one) for one in find_window(tf.constant(40), tf.constant(80), Geometry(20, 20, resize))
    )
    expected = {"crop": (0, 20, 40, 40), "pad": (-20, 0, 80, 80), "stretch": (0, 0, 40, 80)}
    assert (top, left, rows, columns) == expected[resize]


@pytest.mark.parametrize("resize", RESIZES)
def test_restoring_puts_every_pixel_back(resize: str) -> None:
    """A mask enlarged by a whole factor and brought back is the same, but for what was cut off."""
    mask = _mask(12, 20)
    geometry = Geometry(60, 60, resize) if resize != "stretch" else Geometry(36, 60, resize)
    fitted = fit_mask(tf.constant(mask), geometry)
    found = tf.function(restore_mask)(fitted, tf.constant(12), tf.constant(20), geometry).numpy()
    expected = mask.copy()
    if resize == "crop":
        expected[:, :4] = expected[:, 16:] = 255
    assert np.array_equal(found, expected)


@pytest.mark.parametrize("resize", RESIZES)
@pytest.mark.parametrize("size", SIZES)
def test_restored_masks_have_the_size_of_the_picture(resize: str, size: tuple[int, int]) -> None:
    fitted = tf.zeros([33, 48], tf.uint8)
    found = restore_mask(fitted, tf.constant(size[0]), tf.constant(size[1]), Geometry(33, 48, resize)).numpy()
    assert found.shape == size
    assert set(np.unique(found)) <= ({0, 255} if resize == "crop" else {0})
