from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.exporting.graphs.boxes import restore_boxes
from kerastune_ft.input.decode import Geometry, find_window


def restore(rows: np.ndarray, height: int, width: int, geometry: Geometry) -> np.ndarray:
    """Return the rows in pixels of an image, box by box."""
    window = find_window(tf.constant(height), tf.constant(width), geometry)
    top, left, shown_rows, shown_columns = (int(each) for each in window)
    found = rows.astype(np.float64)
    for row in found:
        if row[5] >= 0:
            x = left + row[[0, 2]] * shown_columns / geometry.width
            y = top + row[[1, 3]] * shown_rows / geometry.height
            row[[0, 2]], row[[1, 3]] = x.clip(0, width), y.clip(0, height)
    return found


@pytest.mark.parametrize("how", ["crop", "pad", "stretch"])
def test_boxes_of_images_of_several_sizes_are_restored_in_a_graph(how: str) -> None:
    """As many images as boxes, which some graphs of TensorFlow confuse."""
    geometry, sizes = Geometry(48, 64, how), np.array([(480, 640), (100, 300), (300, 100)], np.int32)
    random = np.random.default_rng(0)
    corners = np.sort(random.uniform(0, 48, (3, 3, 2, 2)), axis=2).reshape(3, 3, 4)
    rows = np.concatenate([corners, random.integers(0, 3, (3, 3, 1)), random.uniform(0.1, 1, (3, 3, 1))], -1)
    rows[1, 2:] = -1
    call = tf.function(lambda given, high, wide: restore_boxes(given, high, wide, geometry))
    found = call(tf.constant(rows, tf.float32), sizes[:, 0], sizes[:, 1]).numpy()
    for own, picture, (height, width) in zip(found, rows, sizes, strict=True):
        assert np.allclose(own, restore(picture, int(height), int(width), geometry), atol=1e-3)


def test_one_size_is_that_of_all_images() -> None:
    geometry = Geometry(10, 10, "stretch")
    rows = np.float32([[[1, 2, 3, 4, 0, 0.5]], [[-1] * 6]])
    found = restore_boxes(tf.constant(rows), tf.constant(100), tf.constant(20), geometry).numpy()
    assert found.tolist() == [[[2, 20, 6, 40, 0, 0.5]], [[-1] * 6]]
