from __future__ import annotations

import pytest
from sklearn import metrics

from kerastune_ft.verification.results.base import Table
from kerastune_ft.verification.results.values import ValueCheck

LABELS = {"kind": "values", "names": ["age", "dose"], "mean": [40.0, 1.0], "deviation": [10.0, 0.5]}
ROWS = [
    {"label_age": "40", "value_age": "45", "label_dose": "1.5", "value_dose": "1", "loss": "0.625"},
    {"label_age": "30", "value_age": "30", "label_dose": "0.5", "value_dose": "1", "loss": "0.5"},
]


def test_metrics_are_of_all_targets_and_of_each() -> None:
    found = ValueCheck().score(Table(ROWS, LABELS))
    assert found["loss"] == 0.5625
    assert found["mae"] == metrics.mean_absolute_error([[40, 1.5], [30, 0.5]], [[45, 1], [30, 1]])
    assert found["mae_age"] == 2.5
    assert found["rmse_dose"] == 0.5


def test_a_loss_follows_from_the_standardised_errors() -> None:
    assert list(ValueCheck().find_faults(Table(ROWS, LABELS))) == []
    ((number, message),) = ValueCheck().find_faults(Table([ROWS[0], ROWS[1] | {"loss": "0.6"}], LABELS))
    assert (number, message) == (1, "the loss is 0.6, and 0.5 by its other numbers")


def test_one_target_has_plain_columns_and_the_tolerance_grows_with_its_deviation() -> None:
    one = {"kind": "values", "names": ["age"], "mean": [40.0], "deviation": [10.0]}
    rows = [{"label": "40", "value": "45", "loss": "0.25"}, {"label": "30", "value": "30", "loss": "0"}]
    assert ValueCheck().score(Table(rows, one))["mae"] == 2.5
    assert ValueCheck().tolerance(one, "mae") == pytest.approx(1e-3)
    assert ValueCheck().tolerance(one, "loss") == 1e-9
