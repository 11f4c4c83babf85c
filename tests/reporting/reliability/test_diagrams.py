from __future__ import annotations

import numpy as np
import pytest

from kerastune_ft.metrics.decisions.curves import describe_curves
from kerastune_ft.metrics.decisions.scored import Scored
from kerastune_ft.metrics.outcomes.one_class import OneClassOutcomes
from kerastune_ft.metrics.reliability import describe_calibration
from kerastune_ft.reporting.reliability.diagrams import draw_curves, draw_reliability

RANDOM = np.random.default_rng(1)


@pytest.mark.parametrize("narrow", [False, True])
def test_reliability_has_a_point_for_each_bin(narrow: bool) -> None:
    outcomes = OneClassOutcomes(RANDOM.integers(0, 2, 60), RANDOM.normal(size=(60, 2)), ["a", "b"], 1)
    found = describe_calibration(outcomes, 2.0)
    figure = draw_reliability(found, narrow)
    for axis, form in zip(figure.axes, ("raw", "calibrated"), strict=True):
        points = max(axis.lines, key=lambda line: line.get_marker() == "o")
        assert list(points.get_xdata()) == [each["probability"] for each in found[form]["bins"]]
        assert list(points.get_ydata()) == [each["share"] for each in found[form]["bins"]]


def test_curves_leave_out_what_is_undefined() -> None:
    scores = RANDOM.random(40)
    scored = [Scored("$a", scores > 0.4, scores), Scored("b" * 40, np.zeros(40, bool), scores)]
    found = describe_curves(scored)
    rows = [{**row, "examples": 40} for row in found["classes"]]
    roc, precision = draw_curves(rows, found["columns"]).axes
    assert [line.get_label() for line in roc.lines][1:] == [r"\$a", "b" * 23 + "…"]
    assert next(iter(roc.lines[1].get_xdata())) == 0
    assert len(roc.lines[2].get_xdata()) == 0
    assert len(precision.lines[0].get_xdata()) == 40
