"""Masks move as their pictures do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.config.options.augment import AUGMENT_PRESETS
from kerastune_ft.graph.randomness import example_keys
from kerastune_ft.input.image_augmentation import Changes, augment, draw, on_images, on_masks

NONE = dict(AUGMENT_PRESETS["none"])
COUNT, HEIGHT, WIDTH = 16, 48, 64
GEOMETRIES = [
    {"flip": "horizontal"},
    {"flip": "both"},
    {"rotate": 0.1},
    {"zoom": 0.3},
    {"flip": "both", "rotate": 0.2, "zoom": 0.3},
]


def _keys(count: int = COUNT, epoch: int = 0) -> tf.Tensor:
    return example_keys("seed 0 phase 0", epoch, tf.range(count, dtype=tf.int64))


def _masks() -> np.ndarray:
    """Return masks of a few large rectangles, classes 0 to 3."""
    random = np.random.default_rng(0)
    masks = np.zeros((COUNT, HEIGHT, WIDTH), np.uint8)
    for mask in masks:
        for number in (1, 2, 3):
            top, left = random.integers(0, HEIGHT - 20), random.integers(0, WIDTH - 20)
            mask[top : top + 20, left : left + 20] = number
    return masks


MASKS = _masks()
IMAGES = np.repeat(MASKS[..., np.newaxis] * 80, 3, axis=-1)


def _both(ops: dict[str, Any], keys: tf.Tensor | None = None) -> tuple[np.ndarray, np.ndarray]:
    changes = draw(_keys() if keys is None else keys, NONE | ops, (HEIGHT, WIDTH))
    return on_images(tf.constant(IMAGES), changes).numpy(), on_masks(tf.constant(MASKS), changes).numpy()


def _is_sure(images: np.ndarray) -> np.ndarray:
    """Return where a picture is of one class also a pixel further on, so that no border is near."""
    values = tf.constant(images[..., :1])
    least, most = -tf.nn.max_pool2d(-values, 3, 1, "SAME"), tf.nn.max_pool2d(values, 3, 1, "SAME")
    return (most - least).numpy()[..., 0] < 0.5


@pytest.mark.parametrize("ops", GEOMETRIES, ids=str)
def test_masks_lie_on_their_pictures(ops: dict[str, Any]) -> None:
    images, masks = _both(ops)
    known = masks != 255
    sure = known & _is_sure(images)
    assert sure.mean() > 0.5
    assert np.array_equal(masks[sure], np.round(images[..., 0][sure] / 80))
    assert np.any(masks != MASKS, axis=(1, 2)).sum() >= COUNT / 4
    assert set(np.unique(masks)) <= {0, 1, 2, 3, 255}


def test_flips_alone_lose_nothing() -> None:
    images, masks = _both({"flip": "both"})
    assert np.array_equal(images[..., 0], masks * 80.0)


def test_a_flip_is_the_same_in_a_warp() -> None:
    _, plain = _both({"flip": "both"})
    _, warped = _both({"flip": "both", "zoom": 1e-7})
    known = warped != 255
    assert known.mean() > 0.9
    assert np.array_equal(warped[known], plain[known])


@pytest.mark.parametrize("outside", [0, 7, 255])
def test_beyond_the_picture_is_what_is_asked_for(outside: int) -> None:
    changes = draw(_keys(), NONE | {"rotate": 0.25, "zoom": 0.5}, (HEIGHT, WIDTH))
    found = on_masks(tf.ones([COUNT, HEIGHT, WIDTH], tf.uint8), changes, outside).numpy()
    assert set(np.unique(found)) == {1, outside}
    assert on_masks(tf.constant(MASKS), changes).dtype == tf.uint8


def test_what_changes_no_geometry_leaves_masks_alone() -> None:
    changes = draw(_keys(), NONE | {"contrast": 0.3, "brightness": 0.3, "erase": 1.0}, (HEIGHT, WIDTH))
    assert np.array_equal(on_masks(tf.constant(MASKS), changes), MASKS)
    assert np.any(on_images(tf.constant(IMAGES), changes) != IMAGES, axis=(1, 2, 3)).all()
    assert draw(_keys(), NONE, (HEIGHT, WIDTH)) == Changes((HEIGHT, WIDTH))


@pytest.mark.parametrize("ops", GEOMETRIES, ids=str)
def test_masks_do_not_depend_on_the_batch(ops: dict[str, Any]) -> None:
    _, whole = _both(ops)
    order = np.random.default_rng(1).permutation(COUNT)
    for rows in (order, order[:1], order[:5], order[5:]):
        changes = draw(tf.gather(_keys(), rows), NONE | ops, (HEIGHT, WIDTH))
        assert np.array_equal(on_masks(tf.constant(MASKS[rows]), changes), whole[rows])


@pytest.mark.parametrize("preset", ["light", "medium", "strong"])
def test_a_graph_gives_the_same_and_keeps_shapes(preset: str) -> None:
    ops = AUGMENT_PRESETS[preset]

    def change(images: tf.Tensor, masks: tf.Tensor, keys: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        changes = draw(keys, ops, images.shape[1:3])
        return on_images(images, changes), on_masks(masks, changes)

    batches = tf.data.Dataset.from_tensors((IMAGES, MASKS, _keys())).map(change)
    assert batches.element_spec == (
        tf.TensorSpec([COUNT, HEIGHT, WIDTH, 3], tf.float32),
        tf.TensorSpec([COUNT, HEIGHT, WIDTH], tf.uint8),
    )
    ((images, masks),) = batches
    assert np.array_equal(masks, _both(dict(ops))[1])
    assert np.array_equal(images, tf.function(augment)(tf.constant(IMAGES), _keys(), dict(ops)))


def test_sites_and_epochs_draw_apart() -> None:
    ops = NONE | {"flip": "both", "rotate": 0.1, "zoom": 0.2}
    affines = [
        draw(_keys(epoch=epoch), ops, (HEIGHT, WIDTH), site).affine.numpy()
        for epoch, site in ((0, "augment"), (0, "augment"), (0, "augment/left"), (1, "augment"))
    ]
    assert np.array_equal(affines[0], affines[1])
    assert np.any(affines[0] != affines[2], axis=1).all()
    assert np.any(affines[0] != affines[3], axis=1).all()
