from __future__ import annotations

import numpy as np
import pytest

from kerastune_ft.metrics.boxes.matches import match
from kerastune_ft.metrics.boxes.thresholds import choose_scores
from kerastune_ft.metrics.boxes.verdicts import judge
from tests.support.drawn_boxes import draw_boxes


def _f1(detections: np.ndarray, truth: np.ndarray, threshold: float) -> float:
    counts = judge(detections, truth, np.array([threshold])).count()
    hits, wrong = counts["hits"].sum(), counts["missed"].sum() + counts["false_alarms"].sum()
    return float(2 * hits / (2 * hits + wrong))


@pytest.mark.parametrize("ties", [False, True])
def test_no_other_threshold_has_a_better_f1(ties: bool) -> None:
    detections, truth = draw_boxes(12, 1, 5, ties=ties)
    chosen = choose_scores(match(detections, truth, 1), ["cell"])["cell"]
    scores = np.unique(detections[..., 5][detections[..., 4] >= 0])
    best = max(_f1(detections, truth, score) for score in scores)
    assert _f1(detections, truth, chosen) == pytest.approx(best)
    # Half way to the next score, so that rounding moves none to the other side.
    assert np.abs(scores - chosen).min() > 0


def test_a_class_without_a_true_box_has_the_threshold_of_all() -> None:
    detections, truth = draw_boxes(12, 2, 5)
    truth[truth[..., 4] == 1] = -1
    found = choose_scores(match(detections, truth, 2), ["a", "b"])
    alone = choose_scores(match(detections[..., :, :], truth, 2), ["a"])
    assert found["a"] == alone["a"] and found["b"] != 0.5


def test_without_true_boxes_or_hits_it_is_a_half() -> None:
    detections, truth = draw_boxes(3, 1, 5)
    nothing = np.full_like(truth, -1)
    assert choose_scores(match(detections, nothing, 1), ["a"]) == {"a": 0.5}
    assert choose_scores(match(np.full_like(detections, -1), truth, 1), ["a"]) == {"a": 0.5}
