from __future__ import annotations

import numpy as np
import pytest

from kerastune_ft.errors import PromiseError
from kerastune_ft.exporting.answers.base import Compared, Flip
from kerastune_ft.exporting.loss import measure_loss, refuse_loss


def compare(run: float, export: float, is_error: bool = False) -> Compared:
    flips = None if is_error else [Flip("a", "x", "y", 0.1)]
    return Compared(np.zeros(50), "of a probability", flips, "accuracy", run, export, is_error=is_error)


def test_points_are_hundredths_of_a_score_and_percent_of_an_error() -> None:
    assert measure_loss(compare(0.83, 0.81)) == pytest.approx(2.0)
    assert measure_loss(compare(0.81, 0.83)) == pytest.approx(-2.0)
    assert measure_loss(compare(4.0, 4.1, is_error=True)) == pytest.approx(2.5)


def test_nothing_lost_has_no_sign() -> None:
    assert str(measure_loss(compare(0.3, 0.1 + 0.2))) == "0.0"


def test_more_than_the_limit_is_refused_with_the_figures() -> None:
    with pytest.raises(PromiseError, match=r"dynamic loses 2\.00 points of accuracy on validation .*1 of 50") as caught:
        refuse_loss(compare(0.83, 0.81), "validation", "dynamic", 1.0)
    assert caught.value.exit_code == 5
    with pytest.raises(PromiseError):
        refuse_loss(compare(0.83, float("nan")), "validation", "dynamic", 1.0)


def test_as_much_as_the_limit_is_kept() -> None:
    assert 100 * (0.83 - 0.82) > 1.0
    assert refuse_loss(compare(0.83, 0.82), "validation", "dynamic", 1.0)["loss"] == 1.0
    with pytest.raises(PromiseError, match=r"loses 1\.10 points"):
        refuse_loss(compare(0.83, 0.819), "validation", "dynamic", 1.0)


def test_one_answer_that_is_no_number_is_too_much() -> None:
    differences = np.array([0.0] * 99 + [float("nan")])
    compared = Compared(differences, "of a probability", [], "accuracy", 0.83, 0.83)
    with pytest.raises(PromiseError, match="no number on validation"):
        refuse_loss(compared, "validation", "dynamic", 1.0)


def test_what_is_lost_is_told() -> None:
    found = refuse_loss(compare(0.83, 0.825), "validation", "float16", 1.0)
    assert found["how"] == "float16" and found["max_loss"] == 1.0
    assert found["loss"] == pytest.approx(0.5)
