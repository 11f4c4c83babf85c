"""Boxes lie on their objects in fitted images, and are found again in the images themselves."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.input.box_geometry import find_placement, fit_boxes, restore_boxes
from kerastune_ft.input.decode import Geometry, fit

# Images of these sizes have one white rectangle each.
SIZES = [(60, 90), (90, 60), (40, 40), (33, 128)]
BOXES = np.array([[10, 8, 50, 40], [5, 30, 42, 88], [0, 0, 22, 40], [60, 3, 100, 31]], np.float32)


@pytest.mark.parametrize("resize", ["pad", "stretch", "crop"])
@pytest.mark.parametrize("shape", [(48, 64), (64, 48), (80, 80)])
def test_boxes_lie_on_what_is_drawn(resize: str, shape: tuple[int, int]) -> None:
    geometry = Geometry(*shape, resize)
    for (height, width), box in zip(SIZES, BOXES, strict=True):
        left, top, right, bottom = box.astype(int)
        image = np.zeros((height, width, 3), np.uint8)
        image[top:bottom, left:right] = 255
        seen = fit(tf.constant(image), geometry).numpy()[..., 0] > 127
        placement = find_placement(tf.constant([height, width]), geometry)
        found = fit_boxes(tf.constant(box[np.newaxis]), placement, geometry).numpy()[0]
        rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
        drawn = [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]
        assert np.abs(found - drawn).max() <= 1.0
        assert placement.numpy()[4:].tolist() == [height, width]


@pytest.mark.parametrize("resize", ["pad", "stretch"])
def test_restored_boxes_are_those_of_the_image(resize: str) -> None:
    geometry = Geometry(48, 64, resize)
    placements = tf.stack([find_placement(tf.constant(size), geometry) for size in SIZES])
    fitted = [fit_boxes(BOXES[n : n + 1], placements[n], geometry) for n in range(len(SIZES))]
    restored = restore_boxes(tf.stack(fitted), placements, (48, 64)).numpy()[:, 0]
    assert np.abs(restored - BOXES).max() < 1e-4


def test_as_many_boxes_as_images_are_restored_each_by_its_own() -> None:
    geometry = Geometry(48, 64, "pad")
    placements = tf.stack([find_placement(tf.constant(size), geometry) for size in SIZES])
    boxes = tf.constant(np.random.default_rng(0).uniform(0, 48, (len(SIZES), len(SIZES), 4)).astype(np.float32))
    whole = tf.function(lambda *given: restore_boxes(*given, (48, 64)))(boxes, placements).numpy()
    for number in range(len(SIZES)):
        alone = restore_boxes(boxes[number : number + 1], placements[number : number + 1], (48, 64))
        assert np.array_equal(whole[number], alone.numpy()[0])
        height, width = SIZES[number]
        assert (whole[number] <= [width, height, width, height]).all() and (whole[number] >= 0).all()
