"""Boxes move as their pictures do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.config.options.augment import AUGMENT_PRESETS
from kerastune_ft.graph.randomness import example_keys
from kerastune_ft.input.image_augmentation import draw, on_boxes, on_images

NONE = dict(AUGMENT_PRESETS["none"])
HEIGHT, WIDTH, FILL = 48, 64, 127.0
# As many examples as boxes: TensorFlow's graphs have mixed up the two.
COUNT = BOXES = 8
GEOMETRIES = [
    {"flip": "horizontal"},
    {"flip": "both"},
    {"zoom": 0.3},
    {"rotate": 0.1},
    {"flip": "both", "rotate": 0.2, "zoom": 0.3},
]


def _keys(count: int = COUNT, epoch: int = 0) -> tf.Tensor:
    return example_keys("seed 0 phase 0", epoch, tf.range(count, dtype=tf.int64))


def _boxes() -> np.ndarray:
    """Return rows of corners, class and two numbers more; the last two of each example are padding."""
    random = np.random.default_rng(0)
    left, top = (random.integers(0, side - 22, (COUNT, BOXES)) for side in (WIDTH, HEIGHT))
    columns, rows = random.integers(10, 22, (2, COUNT, BOXES))
    more = (random.integers(0, 3, (COUNT, BOXES)), np.zeros((COUNT, BOXES)), columns * rows)
    made = np.stack([left, top, left + columns, top + rows, *more], -1).astype(np.float32)
    made[:, -2:] = -1
    return made


ALL = _boxes()


def _draw_pictures(number: int) -> np.ndarray:
    """Return a picture for each example that shows one of its boxes in white on black."""
    pictures = np.zeros((COUNT, HEIGHT, WIDTH, 3), np.uint8)
    for picture, (left, top, right, bottom) in zip(pictures, ALL[:, number, :4].astype(int), strict=True):
        picture[top:bottom, left:right] = 255
    return pictures


def _find_seen(picture: np.ndarray) -> list[int] | None:
    seen = picture[..., 0] > (FILL + 255) / 2
    rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
    return [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1] if len(rows) else None


@pytest.mark.parametrize(
    ("ops", "in_graph"), [*((ops, False) for ops in GEOMETRIES), (GEOMETRIES[1], True), (GEOMETRIES[-1], True)], ids=str
)
def test_boxes_lie_on_their_objects(ops: dict[str, Any], in_graph: bool) -> None:
    def change(boxes: tf.Tensor, keys: tf.Tensor, *pictures: tf.Tensor) -> tuple:
        changes = draw(keys, NONE | ops, (HEIGHT, WIDTH))
        return on_boxes(boxes, changes), [on_images(each, changes, FILL) for each in pictures]

    pictures = [tf.constant(_draw_pictures(number)) for number in range(BOXES - 2)]
    called = tf.function(change) if in_graph else change
    moved, shown = called(tf.constant(ALL), _keys(), *pictures)
    moved = moved.numpy()
    assert (moved[:, -2:] == -1).all()
    compared = 0
    for number, images in enumerate(shown):
        for example, picture in enumerate(images.numpy()):
            seen, box = _find_seen(picture), moved[example, number]
            if box[4] < 0:
                assert seen is None or (seen[2] - seen[0]) * (seen[3] - seen[1]) < 0.35 * ALL[example, number, 6]
                continue
            assert seen is not None and np.abs(box[:4] - seen).max() <= 1.25
            assert np.array_equal(box[4:], ALL[example, number, 4:])
            compared += 1
    assert compared > 0.8 * COUNT * (BOXES - 2)
    assert np.any(moved != ALL, axis=(1, 2)).sum() >= COUNT / 4


def test_a_flip_is_the_same_in_a_warp_and_exact_alone() -> None:
    plain, warped = (on_boxes(tf.constant(ALL), draw(_keys(), NONE | ops, (HEIGHT, WIDTH))).numpy() for ops in (
        {"flip": "both"}, {"flip": "both", "zoom": 1e-7}
    ))  # fmt: skip
    assert np.abs(plain - warped).max() < 1e-3
    assert set(np.unique(plain % 1)) == {0}


@pytest.mark.parametrize("ops", GEOMETRIES, ids=str)
def test_boxes_do_not_depend_on_the_batch(ops: dict[str, Any]) -> None:
    def move(rows: np.ndarray) -> np.ndarray:
        changes = draw(tf.gather(_keys(), rows), NONE | ops, (HEIGHT, WIDTH))
        moved: np.ndarray = on_boxes(tf.constant(ALL[rows]), changes).numpy()
        return moved

    order = np.random.default_rng(1).permutation(COUNT)
    whole = move(np.arange(COUNT))
    for rows in (order, order[:1], order[:3], order[3:]):
        assert np.array_equal(move(rows), whole[rows])


def test_what_is_hardly_seen_is_no_object() -> None:
    """The first and the third example are enlarged, so that what lies in a corner leaves the picture."""
    ops = NONE | {"zoom": 0.5}
    corners = np.array([[[0, 0, 4, 4, 1, 0, 16], [0, 0, 64, 48, 1, 0, 3072], [30, 20, 31, 40, 0, 0, 20]]], np.float32)
    changes = draw(_keys(64), ops, (HEIGHT, WIDTH))
    moved = on_boxes(tf.repeat(tf.constant(corners), 64, axis=0), changes).numpy()
    grown = np.sqrt(changes.growth.numpy())
    whole = moved[:, 1]
    visible = 1 / np.maximum(grown, 1) ** 2
    assert np.array_equal(whole[:, 4] >= 0, visible >= 0.25)
    corner_columns = np.clip(32 - (32 - 4) * grown, 0, 64) - np.clip(32 - 32 * grown, 0, 64)
    assert (moved[corner_columns < 1.5, 0] == -1).all() and (corner_columns < 1.5).any()
    # One pixel wide, it becomes at most one and a half.
    assert (moved[:, 2] == -1).all()


def test_what_changes_no_geometry_leaves_boxes_alone() -> None:
    changes = draw(_keys(), NONE | {"contrast": 0.3, "brightness": 0.3, "erase": 1.0}, (HEIGHT, WIDTH))
    assert np.array_equal(on_boxes(tf.constant(ALL), changes), ALL)


def test_beyond_the_picture_is_grey_and_nothing_is_mirrored() -> None:
    changes = draw(_keys(), NONE | {"rotate": 0.25, "zoom": 0.5}, (HEIGHT, WIDTH))
    images = tf.fill([COUNT, HEIGHT, WIDTH, 3], 255.0)
    filled, mirrored = on_images(images, changes, FILL).numpy(), on_images(images, changes).numpy()
    assert filled.min() == FILL and mirrored.min() == 255
