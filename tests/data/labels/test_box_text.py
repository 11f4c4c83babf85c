from __future__ import annotations

import numpy as np

from kerastune_ft.data.labels.box_text import read_boxes, write_boxes
from kerastune_ft.data.labels.raw import BoxList


def test_boxes_come_back_from_their_text_to_the_last_bit() -> None:
    boxes = BoxList.make(
        [[0.1, 1 / 3, 2, 3], [1, 2, 3, 4.5]], ["größe", "b"], "x", crowd=[1, 0], difficult=[0, 1], areas=[np.nan, 2.5],
        size=(7, 9),
    )  # fmt: skip
    found = read_boxes(write_boxes(boxes), "y")
    assert (found.classes, found.size, found.place) == (boxes.classes, (7, 9), "y")
    for name in ("sides", "crowd", "difficult", "areas"):
        np.testing.assert_array_equal(getattr(found, name), getattr(boxes, name))
    assert found.content == boxes.content
    none = read_boxes(write_boxes(BoxList.make([], [], "x")), "y")
    assert none.sides.shape == (0, 4) and none.size is None
