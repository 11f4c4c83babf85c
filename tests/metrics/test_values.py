from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn import metrics

from kerastune_ft.metrics.values import losses, score

RANDOM = np.random.default_rng(0)
WANTED = RANDOM.normal(size=(30, 2)) * [20.0, 0.5] + [100.0, -3.0]
VALUES = WANTED + RANDOM.normal(size=(30, 2)) * [5.0, 0.2]


def test_scores_are_those_of_scikit_learn_over_all_targets_and_each() -> None:
    found = score(WANTED, VALUES, ("age", "dose"))
    assert found["mae"] == metrics.mean_absolute_error(WANTED, VALUES)
    assert found["rmse"] == metrics.root_mean_squared_error(WANTED, VALUES)
    assert found["r2"] == metrics.r2_score(WANTED, VALUES)
    for number, name in enumerate(("age", "dose")):
        own = WANTED[:, number], VALUES[:, number]
        assert found[f"mae_{name}"] == pytest.approx(metrics.mean_absolute_error(*own), rel=1e-12)
        assert found[f"rmse_{name}"] == pytest.approx(metrics.root_mean_squared_error(*own), rel=1e-12)
        assert found[f"r2_{name}"] == pytest.approx(metrics.r2_score(*own), rel=1e-12)


def test_every_metric_by_counting() -> None:
    found = score(WANTED, VALUES, ("age", "dose"))
    mae, rmse, r2 = [], [], []
    for wanted, values in zip(WANTED.T.tolist(), VALUES.T.tolist(), strict=True):
        errors = [value - one for one, value in zip(wanted, values, strict=True)]
        middle = sum(wanted) / len(wanted)
        mae.append(sum(map(abs, errors)) / len(errors))
        rmse.append(math.sqrt(sum(error * error for error in errors) / len(errors)))
        r2.append(1 - sum(error * error for error in errors) / sum((one - middle) ** 2 for one in wanted))
    assert [found["mae_age"], found["rmse_age"], found["r2_age"]] == pytest.approx([mae[0], rmse[0], r2[0]])
    assert [found["mae"], found["rmse"], found["r2"]] == pytest.approx([sum(each) / 2 for each in (mae, rmse, r2)])


def test_of_equal_values_r2_is_0_or_of_exact_answers_1() -> None:
    same = np.full((4, 1), 3.0)
    assert score(same, same + 1, ("age",))["r2"] == 0
    assert score(same, same, ("age",))["r2"] == 1


def test_one_target_has_no_names_and_one_example_no_r2() -> None:
    assert list(score(WANTED[:, :1], VALUES[:, :1], ("age",))) == ["mae", "rmse", "r2"]
    assert np.isnan(score(WANTED[:1, :1], VALUES[:1, :1], ("age",))["r2"])


def test_the_loss_of_an_example_is_its_mean_squared_error() -> None:
    found = losses(WANTED.astype(np.float32), VALUES.astype(np.float32))
    assert found == pytest.approx(np.square(VALUES - WANTED).mean(axis=1), rel=1e-3)
    assert found.dtype == np.float64
