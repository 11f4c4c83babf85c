from __future__ import annotations

import math

import numpy as np
import pytest

from kerastune_ft.metrics.boundaries import find_reach, name_columns, read_counts, score, score_classes
from kerastune_ft.metrics.intervals.base import measure
from kerastune_ft.metrics.intervals.segmentation import make_sample


def test_is_the_harmonic_mean_of_both_shares() -> None:
    found = score_classes(np.array([[0, 0, 0, 0], [10, 6, 20, 5], [10, 0, 3, 0], [4, 0, 0, 0], [0, 0, 7, 0]]))
    assert math.isnan(found[0])
    assert found[1] == pytest.approx(2 * 0.6 * 0.25 / (0.6 + 0.25))
    assert found[2:].tolist() == [0, 0, 0]


def test_the_mean_leaves_out_the_background_and_classes_without_boundary() -> None:
    counts = np.array([[10, 10, 10, 10], [10, 5, 10, 5], [0, 0, 0, 0], [4, 0, 0, 0]])
    assert score(counts) == pytest.approx(0.25)
    assert math.isnan(score(counts[[0, 2]]))


def test_near_is_a_share_of_the_diagonal() -> None:
    assert find_reach(300, 400) == pytest.approx(3.75)


def test_resamples_have_the_score_of_their_sums() -> None:
    random = np.random.default_rng(0)
    near = random.integers(0, 9, (5, 3, 2))
    counts = np.stack([near[..., 0] + 3, near[..., 0], near[..., 1] + 2, near[..., 1]], -1)
    confusion = random.integers(0, 9, (5, 3, 3))
    sample = make_sample(confusion, None, confusion.sum(axis=(1, 2)), counts)
    assert measure(sample)["boundary_f1"] == pytest.approx(float(score(counts.sum(axis=0))))
    drawn = sample.compute(np.array([[2.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 0.0], [0.0, 3.0]]))["boundary_f1"]
    expected = [score(2 * counts[0] + counts[2]), score(counts[1] + 3 * counts[4])]
    assert drawn == pytest.approx(np.array(expected, np.float64))
    assert "boundary_f1" not in measure(make_sample(confusion, None, confusion.sum(axis=(1, 2))))


def test_columns_are_read_as_they_are_named() -> None:
    counts = np.arange(16).reshape(2, 2, 4)
    rows = [dict(zip(name_columns(2), map(str, row.ravel()), strict=True)) for row in counts]
    found = read_counts(rows, 2)
    assert found is not None
    assert np.array_equal(found, counts)
    assert read_counts([{"count_0_0": "1"}], 2) is None
    with pytest.raises(ValueError, match="invalid literal"):
        read_counts([{**rows[0], "boundary_true_0": "x"}], 2)
