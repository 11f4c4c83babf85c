from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import softmax

from kerastune_ft.metrics.decisions.sets import (
    check_coverage,
    count_needed,
    describe_class_sets,
    describe_value_intervals,
    find_limit,
    order_members,
)
from kerastune_ft.metrics.intervals.wilson import share_interval

RANDOM = np.random.default_rng(10)
P = softmax(2 * RANDOM.normal(size=(200, 3)), axis=1)
TARGETS = np.array([RANDOM.choice(3, p=row) for row in P])


def test_limits_by_hand() -> None:
    strange = np.array([0.3, 0.1, 0.9, 0.2, 0.4, 0.5, 0.6, 0.7, 0.8])
    assert find_limit(strange, 0.9) == 0.9
    assert find_limit(strange, 0.5) == 0.5
    assert find_limit(strange, 0.91) == math.inf
    assert find_limit(np.zeros(0), 0.5) == math.inf
    assert (count_needed(0.9), count_needed(0.95), count_needed(0.5)) == (9, 19, 1)
    assert find_limit(strange[: count_needed(0.9) - 1], 0.9) == math.inf


def test_new_examples_are_covered_as_promised() -> None:
    covered = []
    for _ in range(300):
        strange = RANDOM.normal(size=40)
        covered.append(strange[0] <= find_limit(strange[1:], 0.9))
    assert np.mean(covered) == pytest.approx(0.9, abs=0.06)


def test_class_sets_counted_one_by_one() -> None:
    limit = 0.7
    sets = [{each for each in range(3) if 1 - row[each] <= limit} for row in P]
    found = describe_class_sets(P, TARGETS, ["a", "b", "c"], limit)
    holds = [target in own for target, own in zip(TARGETS, sets, strict=True)]
    assert found["coverage"] == pytest.approx(np.mean(holds))
    assert found["interval"] == share_interval(sum(holds), 200)
    assert found["mean_size"] == pytest.approx(np.mean([len(own) for own in sets]))
    assert sum(found["sizes"].values()) == 200
    assert found["sizes"].get("2") == sum(len(own) == 2 for own in sets)
    for number, row in enumerate(found["classes"]):
        own = [each for each, target in zip(sets, TARGETS, strict=True) if target == number]
        assert row["examples"] == len(own)
        assert row["coverage"] == pytest.approx(np.mean([number in each for each in own]))
        assert row["mean_size"] == pytest.approx(np.mean([len(each) for each in own]))
    assert order_members(P, limit)[:9] == [
        sorted(own, key=lambda each: -row[each]) for own, row in zip(sets[:9], P[:9], strict=True)
    ]


def test_sets_of_everything_and_of_nothing() -> None:
    everything = describe_class_sets(P, TARGETS, ["a", "b", "c"], math.inf)
    assert (everything["coverage"], everything["mean_size"], everything["sizes"]) == (1, 3, {"3": 200})
    nothing = describe_class_sets(P, TARGETS, ["a", "b", "c"], 0.0)
    assert (nothing["coverage"], nothing["sizes"]) == (0, {"0": 200})
    lacking = describe_class_sets(P, np.zeros(200, int), ["a", "b", "c"], 0.5)
    assert lacking["classes"][1]["examples"] == 0
    assert math.isnan(lacking["classes"][1]["coverage"])


def test_intervals_of_values() -> None:
    errors = RANDOM.normal(size=(100, 2))
    found = describe_value_intervals(errors, ["x", "y"], [1.0, 2.0])["targets"]
    assert [row["target"] for row in found] == ["x", "y"]
    assert found[1]["coverage"] == pytest.approx(np.mean(np.abs(errors[:, 1]) <= 2))
    groups = [str(number // 10) for number in range(100)]
    assert (
        describe_value_intervals(errors, ["x", "y"], [1.0, 2.0], groups)["targets"][0]["interval"]
        != found[0]["interval"]
    )


@pytest.mark.parametrize("coverage", [0, 1, -0.1, 90])
def test_coverages_lie_between_0_and_1(coverage: float) -> None:
    assert check_coverage(0.9) == 0.9
    with pytest.raises(ValueError, match="between 0 and 1"):
        check_coverage(coverage)
