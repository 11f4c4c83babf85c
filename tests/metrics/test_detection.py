from __future__ import annotations

import sys

import numpy as np
import pytest

from kerastune_ft.errors import ConfigError
from kerastune_ft.metrics import detection
from kerastune_ft.metrics.boxes.arrays import SIZES
from tests.support.drawn_boxes import draw_boxes, evaluate_with_pycocotools

NAMES = ["a", "b", "c"]


def _mean(values: np.ndarray) -> float:
    known = values[values > -1]
    return float(known.mean()) if known.size else float("nan")


def _compare(detections: np.ndarray, truth: np.ndarray, classes: int) -> None:
    precision, recall = evaluate_with_pycocotools(detections, truth, classes)
    expected = [_mean(part[..., 0, -1]) for part in (precision, precision[0], precision[5])]
    found = detection.score(detections, truth, classes)
    assert list(found) == list(detection.DIRECTIONS)
    assert list(found.values()) == pytest.approx(expected, abs=1e-9, nan_ok=True)
    by_class = detection.score_classes(detections, truth, [str(number) for number in range(classes)])
    for number, own in enumerate(by_class.values()):
        wanted = [_mean(part[..., number, 0, -1]) for part in (precision, precision[0], precision[5])]
        names = ("average_precision", "average_precision_50", "average_precision_75")
        assert [own[name] for name in names] == pytest.approx(wanted, abs=1e-9, nan_ok=True)
    sizes = detection.score_sizes(detections, truth, classes)
    for place, size in enumerate(SIZES):
        wanted = [_mean(precision[..., 1 + place, -1]), _mean(recall[..., 1 + place, -1])]
        figures = [sizes["average_precision"][size], sizes["average_recall"][size]]
        assert figures == pytest.approx(wanted, abs=1e-9, nan_ok=True)
    limits = [_mean(recall[:, :, 0, place]) for place in range(3)]
    assert list(sizes["average_recall_at"].values()) == pytest.approx(limits, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize("seed", range(4))
def test_figures_are_those_of_pycocotools(seed: int, capsys: pytest.CaptureFixture[str]) -> None:
    _compare(*draw_boxes(12, 3, seed), 3)
    capsys.readouterr()
    detection.score(*draw_boxes(12, 3, seed), 3)
    assert capsys.readouterr() == ("", "")


def test_more_detections_than_count() -> None:
    detections, truth = draw_boxes(3, 1, 5, detections=180)
    _compare(detections, truth, 1)
    precision, _ = evaluate_with_pycocotools(detections, truth, 1, 180)
    found = detection.score_at_limit(detections, truth, 1, 180)
    assert found["mean_average_precision"] == pytest.approx(_mean(precision[..., 0, -1]), abs=1e-9)
    assert found != detection.score(detections, truth, 1)


def test_a_class_without_a_true_box_is_left_out_of_the_mean() -> None:
    detections, truth = draw_boxes(8, 2, 1)
    truth[truth[..., 4] == 1] = -1
    _compare(detections, truth, 3)
    found = detection.score_classes(detections, truth, NAMES)
    assert np.isnan(found["b"]["average_precision"]) and np.isnan(found["c"]["average_precision"])
    assert found["b"]["boxes"] == found["b"]["examples"] == 0
    alone = detection.score(detections, truth, 3)["mean_average_precision"]
    assert alone == pytest.approx(found["a"]["average_precision"], abs=1e-12)


def test_boxes_and_pictures_are_counted_without_crowds() -> None:
    truth = np.full((3, 2, 7), -1, np.float32)
    truth[0] = [[0, 0, 2, 2, 1, 0, 4], [1, 1, 3, 3, 1, 0, 4]]
    truth[1, 0] = [0, 0, 2, 2, 1, 1, 4]
    found = detection.score_classes(np.full((3, 0, 6), -1, np.float32), truth, NAMES)
    assert (found["b"]["boxes"], found["b"]["examples"], found["b"]["average_precision"]) == (2, 1, 0.0)


def test_no_detections_at_all() -> None:
    truth = draw_boxes(4, 3, 2)[1]
    assert set(detection.score(np.full((4, 5, 6), -1, np.float32), truth, 3).values()) == {0.0}
    assert set(detection.score(np.full((4, 0, 6), -1, np.float32), truth, 3).values()) == {0.0}


def test_no_true_boxes_at_all() -> None:
    detections = draw_boxes(4, 3, 2)[0]
    for truth in (np.full((4, 5, 7), -1, np.float32), np.full((4, 0, 7), -1, np.float32)):
        assert all(np.isnan(value) for value in detection.score(detections, truth, 3).values())
    assert all(np.isnan(value) for value in detection.score(detections[:0], truth[:0], 3).values())


def test_detections_that_are_not_finite_have_no_figures() -> None:
    detections, truth = draw_boxes(4, 3, 2)
    detections[0, 0] = [0, 0, 5, np.nan, 1, 0.5]
    assert np.isnan(detection.score(detections, truth, 3)["mean_average_precision"])


def test_arrays_of_another_shape_are_refused() -> None:
    detections, truth = draw_boxes(4, 3, 2)
    with pytest.raises(ValueError, match=r"\[pictures, k, 6\]"):
        detection.score(detections[..., :5], truth, 3)
    with pytest.raises(ValueError, match="4 pictures and true boxes of 3"):
        detection.score(detections, truth[:3], 3)


def test_the_missing_package_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hotcoco", None)
    with pytest.raises(ConfigError, match=r'python -m pip install "hotcoco>=1\.3"'):
        detection.require_hotcoco()
