from __future__ import annotations

import numpy as np

from kerastune_ft.metrics.boxes.matches import match
from kerastune_ft.metrics.boxes.verdicts import (
    ALONE,
    HIT,
    IGNORED,
    NOTHING,
    OTHER,
    count_confusion,
    judge,
    leave_out_below,
)
from tests.support.drawn_boxes import draw_boxes

HALF = np.array([0.5, 0.5])
# A true box that is found, one that is called otherwise, one that is missed, and a crowd.
TRUTH = np.array(
    [[[0, 0, 10, 10, 0, 0, 100], [20, 0, 30, 10, 1, 0, 100], [40, 0, 50, 10, 1, 0, 100], [60, 0, 99, 39, 0, 1, 1521]]],
    np.float32,
)
DETECTIONS = np.array(
    [
        [
            [0, 0, 10, 9, 0, 0.9],
            [20, 0, 30, 9, 0, 0.8],
            [70, 70, 80, 80, 1, 0.7],
            [65, 5, 75, 15, 0, 0.6],
            [40, 0, 50, 10, 1, 0.4],
            [-1, -1, -1, -1, -1, -1],
        ]
    ],
    np.float32,
)


def test_every_verdict() -> None:
    found = judge(DETECTIONS, TRUTH, HALF)
    assert found.detections.tolist() == [[HIT, OTHER, ALONE, IGNORED, NOTHING, NOTHING]]
    assert found.truth.tolist() == [[HIT, OTHER, ALONE, IGNORED]]
    assert found.detection_partners.tolist() == [[0, 1, -1, -1, -1, -1]]
    assert found.truth_partners.tolist() == [[0, 1, -1, -1]]
    assert {name: count.tolist() for name, count in found.count().items()} == {
        "hits": [1],
        "missed": [2],
        "false_alarms": [2],
    }
    assert count_confusion(DETECTIONS, TRUTH, found, 2).tolist() == [[1, 0, 0], [1, 0, 1], [0, 1, 0]]


def test_from_a_lower_threshold_on_more_is_found() -> None:
    found = judge(DETECTIONS, TRUTH, np.array([0.5, 0.4]))
    assert found.truth.tolist() == [[HIT, OTHER, HIT, IGNORED]]


def test_what_is_left_out_is_padding() -> None:
    kept = leave_out_below(DETECTIONS, np.array([0.85, 0.0]))
    assert (kept[0, :, 4] >= 0).tolist() == [True, False, True, False, True, False]


def test_counts_agree_with_matches_and_with_each_other() -> None:
    for seed in range(3):
        detections, truth = draw_boxes(15, 3, seed)
        found = judge(detections, truth, np.full(3, 0.3))
        kept = leave_out_below(detections, np.full(3, 0.3))
        pairs = match(kept, truth, 3)
        hits = (pairs.is_hit & ~pairs.is_ignored)[0, 0]
        assert int((found.detections == HIT).sum()) == int(hits.sum()) == int((found.truth == HIT).sum())
        counts = count_confusion(detections, truth, found, 3)
        by_class = pairs.wanted[0].sum(axis=1)
        assert counts[:3].sum(axis=1).tolist() == by_class.tolist()
        taken = [int(((kept[..., 4] == number) & (found.detections != IGNORED)).sum()) for number in range(3)]
        assert counts[:, :3].sum(axis=0).tolist() == taken


def test_no_boxes() -> None:
    found = judge(np.full((2, 0, 6), -1, np.float32), np.full((2, 0, 7), -1, np.float32), HALF)
    assert {name: count.tolist() for name, count in found.count().items()} == {
        "hits": [0, 0],
        "missed": [0, 0],
        "false_alarms": [0, 0],
    }
