from __future__ import annotations

import numpy as np

from kerastune_ft.metrics.boxes.arrays import is_box, pad, to_corner_and_size


def test_boxes_of_pictures_are_padded_with_rows_that_are_no_boxes() -> None:
    found = pad([np.ones((1, 6)), np.zeros((0, 6)), np.zeros((2, 6))], 6)
    assert found.shape == (3, 2, 6) and found.dtype == np.float32
    assert is_box(found).tolist() == [[True, False], [False, False], [True, True]]


def test_no_picture_has_no_boxes() -> None:
    assert pad([], 7).shape == (0, 0, 7)


def test_boxes_as_coco_writes_them() -> None:
    assert to_corner_and_size(np.array([[1.0, 2, 4, 8]])).tolist() == [[1, 2, 3, 6]]
