from __future__ import annotations

import decimal
import json
import math
import random
from collections.abc import Sequence

import pytest

from kerastune_ft.config.options.phases import Phase
from kerastune_ft.errors import DataError
from kerastune_ft.training.phase.state import PhaseState, check_monitor, is_better, round_monitor

LOSS, ACCURACY = "validation_loss", "validation_accuracy"


def judge(values: Sequence[float], maximise: bool = False, min_delta: float = 0.0) -> tuple[PhaseState, list[bool]]:
    """Take the values of a monitor in, epoch by epoch."""
    state, verdicts = PhaseState(), []
    for value in values:
        state.epoch += 1
        verdicts.append(state.judge(LOSS, maximise, {LOSS: value, ACCURACY: 0.5}, min_delta))
    return state, verdicts


def test_the_first_epoch_is_the_best_so_far() -> None:
    state, verdicts = judge([5.0])
    assert verdicts == [True]
    assert (state.best_epoch, state.best, state.waited) == (1, {LOSS: 5.0, ACCURACY: 0.5}, 0)


def test_a_tie_keeps_the_earlier_epoch() -> None:
    state, verdicts = judge([1.0, 0.5, 0.5, 0.5])
    assert verdicts == [True, True, False, False]
    assert (state.best_epoch, state.waited) == (2, 2)


@pytest.mark.parametrize("maximise", [False, True])
def test_a_difference_in_the_seventh_digit_is_a_tie(maximise: bool) -> None:
    sign = 1 if maximise else -1
    state, verdicts = judge([0.1234561, 0.1234561 + sign * 2e-7], maximise)
    assert verdicts == [True, False]
    state, verdicts = judge([0.1234561, 0.1234561 + sign * 2e-6], maximise)
    assert verdicts == [True, True]
    assert state.best_epoch == 2


def test_maximised_monitors_want_more() -> None:
    state, verdicts = judge([0.5, 0.7, 0.6], maximise=True)
    assert verdicts == [True, True, False]
    assert (state.best_epoch, state.reference, state.waited) == (2, 0.7, 1)


@pytest.mark.parametrize(("maximise", "values"), [(False, [1.0, 0.95, 0.9, 0.85]), (True, [0.0, 0.05, 0.1, 0.15])])
def test_too_small_an_improvement_is_best_but_does_not_end_the_waiting(maximise: bool, values: list[float]) -> None:
    state, verdicts = judge(values, maximise, min_delta=0.12)
    assert verdicts == [True, True, True, True]
    # Together they pass min_delta at the fourth epoch, measured from the first.
    assert (state.best_epoch, state.waited, state.reference) == (4, 0, values[3])
    assert judge(values[:3], maximise, min_delta=0.12)[0].waited == 2


def test_an_improvement_of_exactly_min_delta_does_not_count() -> None:
    assert judge([1.0, 0.75], min_delta=0.25)[0].waited == 1


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("maximise", [False, True])
def test_best_epoch_and_waiting_recomputed_over_the_whole_history(seed: int, maximise: bool) -> None:
    draw = random.Random(seed)
    values = [draw.choice([0.3, 0.4, 0.45, 0.4500001, 0.5, 0.1234565, 0.1234564999]) for _ in range(12)]
    min_delta = draw.choice([0.0, 0.05, 0.1])
    state, _ = judge(values, maximise, min_delta)
    # By decimal arithmetic: six digits, ties to even as Python's own formatting has them.
    rounded = [float(decimal.Context(prec=6).create_decimal_from_float(value)) for value in values]
    best = max(rounded) if maximise else min(rounded)
    assert state.best_epoch == rounded.index(best) + 1
    reference, waited = rounded[0], 0
    for value in rounded[1:]:
        gain = value - reference if maximise else reference - value
        improved = value > reference + min_delta if maximise else value < reference - min_delta
        assert improved == (gain > min_delta) or gain == pytest.approx(min_delta)
        reference, waited = (value, 0) if improved else (reference, waited + 1)
    assert (state.reference, state.waited) == (reference, waited)


def test_a_monitor_that_is_not_defined_is_an_error_of_the_data() -> None:
    phase = Phase(name="head", unfreeze="none", epochs=1, learning_rate=0.1, monitor="validation_r2")
    check_monitor(phase, {"validation_r2": -3.0}, 1)
    with pytest.raises(DataError, match=r"validation_r2 of phase head is not defined .*\(1 example\)"):
        check_monitor(phase, {"validation_r2": math.nan}, 1)


def test_rounding_keeps_six_digits_of_any_size() -> None:
    assert round_monitor(123456.7) == 123457.0
    assert round_monitor(1.2345678e-9) == 1.23457e-9
    assert round_monitor(0.0) == 0.0
    assert math.isinf(round_monitor(math.inf))
    assert math.isnan(round_monitor(math.nan))


def test_the_state_survives_json_to_the_last_digit() -> None:
    state, _ = judge([1 / 3, 0.1])
    state.sums, state.history, state.step = [3.0, 0.1 + 0.2], [{"train_loss": 2 / 3}], 7
    assert PhaseState.from_json(json.loads(json.dumps(state.to_json()))) == state


def test_better_is_by_six_digits_and_in_the_direction_of_the_metric() -> None:
    assert is_better(0.1, 0.2, maximise=False) and is_better(0.2, 0.1, maximise=True)
    assert not is_better(0.2, 0.1, maximise=False) and not is_better(0.1, 0.2, maximise=True)
    assert not is_better(0.12345601, 0.123456, maximise=True)
