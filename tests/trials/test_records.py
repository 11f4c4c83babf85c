"""Records of trials: written and read, the best of them, and why all failed."""

from __future__ import annotations

import pytest

from kerastune_ft.errors import DivergedError
from kerastune_ft.trials.pruning import Point
from kerastune_ft.trials.records import TrialRecord, find_best, find_error, trace_best
from kerastune_ft.trials.study import COMPLETE, FAILED, PRUNED


def record(number: int, value: float | None, state: str = COMPLETE) -> TrialRecord:
    return TrialRecord(number, {"x": number}, state, value)


def test_records_are_read_back_and_later_keys_passed_over() -> None:
    made = TrialRecord(3, {"x": {"last": 1}}, COMPLETE, 0.1, {"validation_loss": 0.1}, (Point("head", 1, 0.5),))
    assert TrialRecord.from_json({**made.to_json(), "later": 1}) == made


def test_the_best_is_the_earlier_of_equals_and_complete() -> None:
    records = [record(0, 0.5), record(1, 0.1, PRUNED), record(2, 0.3), record(3, 0.3000000001), record(4, None, FAILED)]
    assert find_best(records, False) is records[2]
    assert find_best(records, True) is records[0]
    assert find_best(records[1:2], False) is None
    assert trace_best(records, False) == [0.5, 0.5, 0.3, 0.3, 0.3]


def test_only_where_all_failed_there_is_an_error_of_the_commonest_kind() -> None:
    failed = [TrialRecord(at, {}, FAILED, reason="NaN", error="DivergedError") for at in range(3)]
    failed.append(TrialRecord(3, {}, FAILED, reason="no unit", error="ConfigError"))
    error = find_error(failed)
    assert isinstance(error, DivergedError)
    assert error.sentence == "no trial ended well; give other ranges:\n  3 of 4: NaN\n  1 of 4: no unit"
    assert find_error([*failed, record(4, 0.1)]) is None
    assert find_error([]) is None
    with pytest.raises(DivergedError):
        raise error
