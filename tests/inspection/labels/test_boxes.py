from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kerastune_ft.data.labels.boxes import BoxLabels
from kerastune_ft.inspection.findings import BARE, DOUBLE, IMBALANCE, ODD_BOXES, Finding
from kerastune_ft.inspection.labels.boxes import find_in_boxes

NAMES = ("cell", "rod")
SPLITS = ["train", "train", "test", "train"]


def _labels(*pictures: Sequence[tuple[int, float, float, float, float]], crowd: int = 0) -> BoxLabels:
    """Each picture is a list of class, left, upper edge, width and height; every box of class 1 is a crowd or none."""
    rows = [
        [left, top, left + width, top + height, number, crowd if number else 0, width * height]
        for boxes in pictures
        for number, left, top, width, height in boxes
    ]
    counts = [len(boxes) for boxes in pictures]
    places = np.repeat(np.arange(len(pictures)), counts)
    return BoxLabels(NAMES, np.array(rows, np.float32), places, np.full((len(pictures), 2), 200, np.int32))


def _find(labels: BoxLabels, indices: tuple[int, ...] = (0, 1, 2, 3)) -> dict[str, Finding]:
    found = find_in_boxes(labels, np.array(indices), [SPLITS[index] for index in indices])
    return {each.kind: each for each in found if each is not None}


def _usual(count: int) -> list[tuple[int, float, float, float, float]]:
    """Cells of 18 to 22 pixels that lie beside each other."""
    return [(0, 30 * (number % 6), 30 * (number // 6), 18 + number % 5, 18 + number % 4) for number in range(count)]


def test_boxes_of_another_size_or_shape_than_is_usual_are_named_the_farthest_first() -> None:
    small, long = (0, 100, 150, 2, 2), (0, 10, 170, 80, 5)
    found = _find(_labels(_usual(24), [small], [long], [(1, 0, 0, 1, 1)]))[ODD_BOXES]
    assert [row.positions for row in found.rows] == [(2,), (1,)]
    assert found.rows[0].words == "cell, 80 x 5 pixels at 10, 170: 16.0 times wider for its height than is usual"
    assert found.rows[1].words == "cell, 2 x 2 pixels at 100, 150: 9.8 times smaller than is usual"
    assert found.detail == "of 27; 1 in train, 1 in test"
    assert not found.is_fault
    # What is usual of a few is not known; and nothing is odd about boxes of all sizes.
    assert ODD_BOXES not in _find(_labels(_usual(12), [small], [long], []))
    wide = [(0, 0, 0, 3 * 1.1**number, 3 * 1.1**number) for number in range(40)]
    assert ODD_BOXES not in _find(_labels(wide, [], [], []))


def test_objects_with_two_boxes_are_named_those_of_two_classes_first() -> None:
    labels = _labels([(0, 10, 10, 40, 40), (0, 11, 10, 40, 40)], [], [(0, 5, 5, 50, 50), (1, 5, 5, 50, 49)], [])
    found = _find(labels)[DOUBLE]
    assert [row.positions for row in found.rows] == [(2,), (0,)]
    assert found.rows[0].words == "cell and rod, 50 x 50 pixels at 5, 5: overlap (IoU) 0.98"
    assert found.rows[1].words == "cell, 40 x 40 pixels at 10, 10: overlap (IoU) 0.95"
    assert (found.count, found.detail, found.is_fault) == (2, "1 of two classes; 1 in train, 1 in test", True)
    # A crowd lies where its members do, and counts for nothing.
    assert DOUBLE not in _find(_labels([], [], [(0, 5, 5, 50, 50), (1, 5, 5, 50, 49)], [], crowd=1))
    assert DOUBLE not in _find(_labels([(0, 10, 10, 40, 40), (0, 20, 10, 40, 40)], [], [], []))


def test_pictures_without_boxes_are_counted_by_split() -> None:
    found = _find(_labels(_usual(12), [], [], [(1, 0, 0, 9, 9)], crowd=1))[BARE]
    assert [row.positions for row in found.rows] == [(1,), (2,), (3,)]
    assert found.detail == "2 in train, 1 in test"
    assert BARE not in _find(_labels(*[_usual(1)] * 4))


def test_classes_are_balanced_by_their_boxes_in_train() -> None:
    labels = _labels(_usual(24), [(1, 0, 0, 9, 9)], [(1, 0, 0, 9, 9)] * 20, [(1, 0, 0, 9, 9)])
    assert _find(labels)[IMBALANCE].detail == (
        "cell is 12 times as frequent in train as rod; fewer than 10 boxes in train: rod (2)"
    )
    # Positions are places among the examples that are checked, whichever these are.
    assert [row.positions for row in _find(_labels(_usual(2), [], _usual(2), []), (2, 1))[BARE].rows] == [(1,)]
