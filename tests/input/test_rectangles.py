from __future__ import annotations

import numpy as np
import tensorflow as tf

from kerastune_ft.input.rectangles import Rectangles, is_inside


def test_a_pixel_is_inside_where_its_centre_is() -> None:
    edges = np.float32([[0, 0, 2, 3], [0.6, 1.4, 1.6, 2.6], [0, 0, 4, 5], [1, 1, 1, 1]])
    is_drawn = np.array([True, True, False, True])
    found = is_inside(Rectangles(tf.constant(is_drawn), *map(tf.constant, edges.T)), (4, 5)).numpy()
    for inside, drawn, (top, left, bottom, right) in zip(found, is_drawn, edges.tolist(), strict=True):
        for row, column in np.ndindex(4, 5):
            is_within = top <= row + 0.5 < bottom and left <= column + 0.5 < right
            assert inside[row, column] == (drawn and is_within)
    assert found.sum(axis=(1, 2)).tolist() == [6, 2, 0, 0]
