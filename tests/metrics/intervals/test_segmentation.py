from __future__ import annotations

import numpy as np
import pytest

from kerastune_ft.metrics import segmentation
from kerastune_ft.metrics.intervals.base import find_intervals
from kerastune_ft.metrics.intervals.draws import draw_counts
from kerastune_ft.metrics.intervals.segmentation import make_sample

RANDOM = np.random.default_rng(7)
# The third class is in two pictures only, the fourth in none.
CONFUSION = RANDOM.integers(0, 50, (20, 4, 4)) * np.array([1, 1, 0, 0])
CONFUSION[:, 2:] = 0
CONFUSION[:2, 2] = [3, 0, 40, 0]
PIXELS = CONFUSION.sum(axis=(1, 2)) / 2500
LOSSES = RANDOM.random(20) * PIXELS


def test_metrics_are_those_of_the_drawn_pictures() -> None:
    counts = np.concatenate(list(draw_counts(20, resamples=10)), axis=1)
    found = make_sample(CONFUSION, LOSSES, PIXELS).compute(counts)
    for resample, drawn in enumerate(counts.T.astype(int)):
        rows = np.repeat(np.arange(20), drawn)
        expected = segmentation.score(CONFUSION[rows].sum(axis=0))
        expected["loss"] = LOSSES[rows].sum() / PIXELS[rows].sum()
        assert {name: column[resample] for name, column in found.items()} == pytest.approx(expected, nan_ok=True)


def test_intervals_surround_the_metrics() -> None:
    found = find_intervals(make_sample(CONFUSION, None, PIXELS))
    for name, value in segmentation.score(CONFUSION.sum(axis=0)).items():
        assert found[name][0] < value < found[name][1]
    assert "loss" not in found


def test_pictures_without_labelled_pixels() -> None:
    empty = np.zeros((3, 2, 2), np.int64)
    assert find_intervals(make_sample(empty, np.zeros(3), np.zeros(3))) == {}
