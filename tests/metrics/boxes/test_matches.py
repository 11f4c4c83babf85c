from __future__ import annotations

import numpy as np
import pytest

from kerastune_ft.metrics.boxes.matches import find_overlaps, match


def _detect(*boxes: tuple[float, ...]) -> np.ndarray:
    return np.array([boxes], np.float32)


def _wanted(*boxes: tuple[float, ...]) -> np.ndarray:
    rows = [(*box[:5], box[5] if len(box) > 5 else 0, (box[2] - box[0]) * (box[3] - box[1])) for box in boxes]
    return np.array([rows], np.float32)


def test_each_true_box_is_found_once_by_the_detection_of_the_highest_score() -> None:
    found = match(
        _detect((0, 0, 10, 10, 0, 0.4), (0, 0, 10, 9, 0, 0.9), (50, 50, 60, 60, 0, 0.8)), _wanted((0, 0, 10, 10, 0)), 1
    )
    assert found.places.tolist() == [1, 2, 0]
    assert found.is_hit[0, 0].tolist() == [True, False, False]
    assert found.truth.tolist() == [0, -1, -1]
    # With an IoU of .9 it finds nothing from .95 on, and the other one does.
    assert found.is_hit[0, -1].tolist() == [False, False, True]


def test_a_detection_of_another_class_finds_nothing() -> None:
    found = match(_detect((0, 0, 10, 10, 1, 0.4)), _wanted((0, 0, 10, 10, 0)), 2)
    assert not found.is_hit.any() and found.wanted[0].tolist() == [[1], [0]]


def test_what_lies_in_a_crowd_counts_neither_way() -> None:
    crowd, alone = (0, 0, 100, 100, 0, 1), (200, 0, 210, 10, 0)
    boxes = ((10, 10, 20, 20, 0, 0.9), (30, 30, 40, 40, 0, 0.8), (200, 0, 210, 10, 0, 0.7), (300, 0, 310, 9, 0, 0.6))
    found = match(_detect(*boxes), _wanted(crowd, alone), 1)
    assert found.is_ignored[0, 0].tolist() == [True, True, False, False]
    assert found.is_hit[0, 0].tolist() == [True, True, True, False]
    assert found.wanted[0].tolist() == [[1]]


def test_boxes_of_another_size_are_ignored() -> None:
    found = match(_detect((0, 0, 50, 50, 0, 0.9), (80, 0, 90, 10, 0, 0.8)), _wanted((0, 0, 50, 50, 0)), 1)
    assert found.wanted[:, 0, 0].tolist() == [1, 0, 1, 0]
    assert found.is_ignored[:, 0].tolist() == [[False, False], [True, False], [False, True], [True, True]]


def test_at_most_so_many_of_a_class_in_a_picture() -> None:
    boxes = [(0, 0, 10, 10, number % 2, 1 - number / 10) for number in range(6)]
    found = match(_detect(*boxes), _wanted((0, 0, 10, 10, 0)), 2, limit=2)
    assert found.places.tolist() == [0, 2, 1, 3]


@pytest.mark.parametrize("shape", [(0, 3), (2, 0), (2, 3)])
def test_nothing_to_match(shape: tuple[int, int]) -> None:
    found = match(np.full((*shape, 6), -1, np.float32), np.full((*shape, 7), -1, np.float32), 2)
    assert found.is_hit.shape == (4, 10, 0) and not found.wanted.any()


def test_overlaps() -> None:
    found, true = np.array([[0.0, 0, 4, 4], [9, 9, 9, 9]]), np.array([[2.0, 0, 6, 4], [4, 0, 8, 4], [9, 9, 9, 9]])
    assert find_overlaps(found, true, np.zeros(3, bool)).tolist() == [[1 / 3, 0, 0], [0, 0, 0]]
    # Of a crowd it is the share of the detection inside.
    assert find_overlaps(found, true, np.ones(3, bool)).tolist() == [[0.5, 0, 0], [0, 0, 0]]
