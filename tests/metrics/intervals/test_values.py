from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics

from kerastune_ft.metrics import values
from kerastune_ft.metrics.intervals.base import find_intervals
from kerastune_ft.metrics.intervals.draws import draw_counts
from kerastune_ft.metrics.intervals.values import make_sample

RANDOM = np.random.default_rng(6)
# Dates as numbers, far from 0 and close together; and a target with equal values.
WANTED = np.stack([2e6 + RANDOM.normal(size=50), np.round(RANDOM.normal(size=50), 0)], axis=1)
PREDICTED = WANTED + RANDOM.normal(size=(50, 2))
NAMES = ("loss", "mae", "rmse", "r2", "pearson", "spearman")
COUNTS = np.concatenate(list(draw_counts(50, resamples=10)), axis=1)


def test_metrics_are_those_of_scikit_learn_and_scipy_on_the_drawn_rows() -> None:
    sample = make_sample(WANTED, PREDICTED, np.zeros(50), ["date", "grade"], NAMES)
    found = sample.compute(COUNTS)
    for resample, counts in enumerate(COUNTS.T):
        rows = np.repeat(np.arange(50), counts.astype(int))
        wanted, predicted = WANTED[rows], PREDICTED[rows]
        expected = values.score(wanted, predicted, ["date", "grade"])
        for number, name in enumerate(("date", "grade")):
            pair = wanted[:, number], predicted[:, number]
            expected |= {f"pearson_{name}": stats.pearsonr(*pair)[0], f"spearman_{name}": stats.spearmanr(*pair)[0]}
        for metric in ("pearson", "spearman"):
            expected[metric] = (expected[f"{metric}_date"] + expected[f"{metric}_grade"]) / 2
        assert set(found) == set(expected)
        for name, column in found.items():
            assert column[resample] == pytest.approx(expected[name], rel=1e-6), name


def test_one_target_has_no_second_name() -> None:
    found = find_intervals(make_sample(WANTED[:, 1:], PREDICTED[:, 1:], np.arange(50.0), ["grade"], NAMES))
    assert list(found) == ["loss", "mae", "rmse", "r2", "pearson", "spearman"]
    r2 = metrics.r2_score(WANTED[:, 1], PREDICTED[:, 1])
    assert found["r2"][0] < r2 < found["r2"][1]


def test_correlation_with_a_constant_is_undefined() -> None:
    constant = np.full((50, 1), 2e6 + 0.1)
    for wanted, predicted in ((WANTED[:, :1], constant), (constant, WANTED[:, :1])):
        found = make_sample(wanted, predicted, np.zeros(50), ["date"], NAMES).compute(COUNTS)
        assert np.isnan(found["pearson"]).all()
        assert np.isnan(found["spearman"]).all()
    # Labels that are all the same leave nothing to explain.
    assert np.isnan(found["r2"]).all()


def test_a_single_example_has_no_interval() -> None:
    assert find_intervals(make_sample(np.ones((1, 1)), np.zeros((1, 1)), np.ones(1), ["x"], NAMES)) == {}
