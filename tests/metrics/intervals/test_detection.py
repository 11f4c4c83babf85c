from __future__ import annotations

import numpy as np
import pytest

from kerastune_ft.metrics import detection
from kerastune_ft.metrics.boxes.matches import match
from kerastune_ft.metrics.intervals.base import find_intervals, measure
from kerastune_ft.metrics.intervals.detection import make_class_sample, make_sample, make_size_sample
from kerastune_ft.metrics.intervals.draws import draw_counts
from tests.support.drawn_boxes import draw_boxes

NAMES = ["a", "b", "c"]
RANDOM = np.random.default_rng(3)


@pytest.mark.parametrize("seed", range(3))
def test_of_all_pictures_they_are_the_metrics(seed: int) -> None:
    detections, truth = draw_boxes(20, 3, seed)
    found = match(detections, truth, 3)
    assert measure(make_sample(found, None, None)) == pytest.approx(detection.score(detections, truth, 3), abs=1e-12)
    by_class = detection.score_classes(detections, truth, NAMES)
    expected = {name: own["average_precision"] for name, own in by_class.items()}
    assert measure(make_class_sample(found, NAMES)) == pytest.approx(expected, abs=1e-12)
    sizes = detection.score_sizes(detections, truth, 3)["average_precision"]
    assert measure(make_size_sample(found)) == pytest.approx(sizes, abs=1e-12)


def test_of_drawn_pictures_they_are_those_of_the_whole_evaluation() -> None:
    detections, truth = draw_boxes(15, 3, 4, ties=False)
    truth[truth[..., 4] == 2] = -1
    truth[0, 0] = [0, 0, 20, 20, 2, 0, 400]
    losses, places = RANDOM.random(15), RANDOM.integers(0, 4, 15).astype(float)
    found = match(detections, truth, 3)
    times = np.concatenate(list(draw_counts(15, resamples=12)), axis=1)
    sample = make_sample(found, losses, places)
    assert sample.rank is not None
    values = {**sample.compute(times), **sample.rank(times)}
    # One of the classes is in the first picture alone, and in some draws in none.
    assert {bool(drawn) for drawn in times[0]} == {True, False}
    for column, drawn in enumerate(times.T.astype(int)):
        rows = np.repeat(np.arange(15), drawn)
        expected = detection.score(detections[rows], truth[rows], 3)
        expected["loss"] = losses[rows].sum() / places[rows].sum()
        assert {name: own[column] for name, own in values.items()} == pytest.approx(expected, abs=1e-9)


def test_equal_scores_of_a_picture_drawn_twice_move_it_little() -> None:
    detections, truth = draw_boxes(15, 2, 6)
    rows = np.repeat(np.arange(15), 2)
    sample = make_sample(match(detections, truth, 2), None, None)
    assert sample.rank is not None
    doubled = sample.rank(np.full((15, 1), 2.0))["mean_average_precision"][0]
    assert doubled == pytest.approx(
        detection.score(detections[rows], truth[rows], 2)["mean_average_precision"], abs=0.02
    )


def test_intervals_surround_the_metrics_and_are_wider_for_groups() -> None:
    detections, truth = draw_boxes(40, 2, 8)
    sample = make_sample(match(detections, truth, 2), None, None)
    ends = find_intervals(sample)
    grouped = find_intervals(sample, [str(number // 10) for number in range(40)])
    for name, value in detection.score(detections, truth, 2).items():
        assert ends[name][0] < value < ends[name][1]
        assert grouped[name] != ends[name]
    assert "loss" not in ends


def test_pictures_without_boxes_have_no_intervals() -> None:
    empty = match(np.full((5, 2, 6), -1, np.float32), np.full((5, 2, 7), -1, np.float32), 2)
    assert find_intervals(make_sample(empty, np.zeros(5), np.zeros(5))) == {}
    assert find_intervals(make_class_sample(empty, NAMES[:2])) == find_intervals(make_size_sample(empty)) == {}
