from __future__ import annotations

import math

import pytest

from kerastune_ft.errors import PromiseError
from kerastune_ft.exporting.answers.base import Samples
from kerastune_ft.exporting.answers.unknown import compare_distances, count_unknown

_SAMPLES = Samples(["a", "b"], [0, 1], unknown=0.102)
_ROWS = [{"distance": 0.1, "unknown": False}, {"distance": 1.0, "unknown": True}]


def test_distances_close_enough_are_the_same() -> None:
    answers = [{"distance": 0.105, "unknown": True}, {"distance": 1.015, "unknown": True}]
    assert compare_distances(_SAMPLES, _ROWS, answers) == pytest.approx(0.015)
    assert count_unknown(_ROWS, answers) == 1


def test_other_distances_are_refused_with_the_sample() -> None:
    answers = [{"distance": 0.1, "unknown": False}, {"distance": 1.03, "unknown": True}]
    with pytest.raises(PromiseError, match=r"b.*1 \(unknown\) by the run, 1\.03 \(unknown\) by the export"):
        compare_distances(_SAMPLES, _ROWS, answers)
    with pytest.raises(PromiseError, match="other distances"):
        compare_distances(_SAMPLES, _ROWS, [{"distance": float("nan")}, *answers[1:]])


def test_another_limit_is_refused_though_distances_are_the_same() -> None:
    answers = [{"distance": 0.1, "unknown": False}, {"distance": 1.0, "unknown": False}]
    with pytest.raises(PromiseError, match=r"b.*1 \(unknown\) by the run, 1 by the export"):
        compare_distances(_SAMPLES, _ROWS, answers)
    assert compare_distances(_SAMPLES, _ROWS, answers, math.inf) == 0.0, "of smaller weights they are counted alone"


def test_a_run_without_distances_has_none_to_compare() -> None:
    assert compare_distances(_SAMPLES, [{"label": "x"}] * 2, [{}, {}]) is None
    assert count_unknown([{"label": "x"}] * 2, [{}, {}]) == 0
