from __future__ import annotations

import json

import numpy as np
import pytest

from kerastune_ft.metrics import detection
from kerastune_ft.metrics.box_figures import describe_boxes
from tests.support.drawn_boxes import draw_boxes

NAMES = ["red", "white", "never"]
THRESHOLDS = {"red": 0.5, "white": 0.3, "never": 0.5}
DETECTIONS, TRUTH = draw_boxes(15, 2, 3)


def test_figures_by_class() -> None:
    found = describe_boxes(DETECTIONS, TRUTH, NAMES, THRESHOLDS)
    scores = detection.score_classes(DETECTIONS, TRUTH, NAMES)
    confusion = np.array(found["confusion"])
    for number, row in enumerate(found["classes"][:2]):
        name = row["class"]
        assert row["average_precision"] == scores[name]["average_precision"]
        assert row["interval"][0] < row["average_precision"] < row["interval"][1]
        assert row["hits"] == confusion[number, number]
        assert row["missed"] == confusion[number].sum() - row["hits"]
        assert row["false_alarms"] == confusion[:, number].sum() - row["hits"]
        assert row["recall"] == pytest.approx(row["hits"] / row["boxes"])
        assert row["f1"] == pytest.approx(2 / (1 / row["precision"] + 1 / row["recall"]))
        # The mean over the recalls is the average precision.
        assert np.mean(found["curves"][name]) == pytest.approx(row["average_precision_50"], abs=1e-5)
    assert found["classes"][2]["interval"] is None and found["curves"]["never"] is None
    assert np.isnan(found["classes"][2]["recall"])


def test_sizes_and_scores() -> None:
    found = describe_boxes(DETECTIONS, TRUTH, NAMES, THRESHOLDS, [str(place // 5) for place in range(15)])
    assert sum(row["boxes"] for row in found["sizes"]) >= int(((TRUTH[..., 4] >= 0) & (TRUTH[..., 5] == 0)).sum())
    assert [row["size"] for row in found["sizes"]] == ["small", "medium", "large"]
    counted = sum(found["scores"]["hits"]) + sum(found["scores"]["false_alarms"])
    assert 0 < counted <= int((DETECTIONS[..., 4] >= 0).sum())
    assert "at_own_limit" not in found
    json.dumps(found)


def test_with_more_detections_than_count_both_limits_are_said() -> None:
    detections, truth = draw_boxes(3, 1, 5, detections=180)
    found = describe_boxes(detections, truth, NAMES[:1], THRESHOLDS)
    assert (found["limit"], found["at_own_limit"]["limit"]) == (100, 180)
    own = detection.score_at_limit(detections, truth, 1, 180)
    assert found["at_own_limit"]["mean_average_precision"] == own["mean_average_precision"]


def test_nothing_found_and_nothing_there() -> None:
    empty = np.full((3, 2, 6), -1, np.float32)
    found = describe_boxes(empty, np.full((3, 2, 7), -1, np.float32), NAMES, THRESHOLDS)
    assert found["confusion"] == np.zeros((4, 4)).tolist()
    found = describe_boxes(empty, TRUTH[:3], NAMES, THRESHOLDS)
    assert found["curves"]["red"] == [0.0] * 101
