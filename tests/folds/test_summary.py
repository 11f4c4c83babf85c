"""Mean, spread and the corrected interval of the figures of folds."""

from __future__ import annotations

import math
import statistics

import pytest
from scipy.stats import t

from kerastune_ft.folds.summary import summarise, summarise_members

VALUES = [0.8, 0.9, 0.85, 0.75, 0.7]


def test_the_interval_is_that_of_nadeau_and_bengio() -> None:
    found = summarise(VALUES, 20, 80, "max")
    variance = statistics.variance(VALUES) * (1 / 5 + 20 / 80)
    half = t.ppf(0.975, 4) * math.sqrt(variance)
    assert found["mean"] == pytest.approx(0.8) and found["deviation"] == pytest.approx(statistics.stdev(VALUES))
    assert (found["low"], found["high"]) == pytest.approx((0.8 - half, min(1.0, 0.8 + half)))


def test_it_stays_within_what_a_metric_can_be() -> None:
    assert summarise([0.1, 0.9], 10, 10, "max")["low"] == 0.0
    assert -1.0 <= (summarise([0.1, 0.9], 10, 10, "max", "kappa")["low"] or 0) < 0.0
    assert (summarise([-9.0, 0.9], 10, 10, "max", "r2")["low"] or 0) < -9.0
    assert summarise([0.2, 1.0], 10, 10, "max")["high"] == 1.0
    assert summarise([0.2, 1.0], 10, 10, "min")["low"] == 0.0
    assert (summarise([0.2, 1.0], 10, 10, "min")["high"] or 0) > 1.0


def test_undefined_figures_are_left_out_and_one_has_no_spread() -> None:
    assert summarise([math.nan, 0.5, 0.7], 10, 20, "max")["mean"] == pytest.approx(0.6)
    assert summarise([0.5], 10, 20, "max") == {"mean": 0.5, "deviation": None, "low": None, "high": None}
    assert summarise([math.nan], 10, 20, "max")["mean"] is None


def test_members_by_metric() -> None:
    members = [
        {"trained": 8, "validated": 2, "metrics": {"loss": 1.0, "accuracy": None}},
        {"trained": 8, "validated": 2, "metrics": {"loss": 3.0, "accuracy": 0.5}},
    ]
    found = summarise_members(members, {"loss": "min", "accuracy": "max"})
    assert found["loss"]["mean"] == 2.0 and found["accuracy"]["mean"] == 0.5
