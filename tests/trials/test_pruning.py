"""The median rule, against medians computed by hand."""

from __future__ import annotations

import pytest

from kerastune_ft.trials.pruning import Point, find_best_so_far, find_end, is_hopeless


def curve(*values: float, phase: str = "head") -> list[Point]:
    return [Point(phase, epoch, value) for epoch, value in enumerate(values, start=1)]


OTHERS = [curve(9, value) for value in (0.5, 0.4, 0.3, 0.2, 0.1)]


@pytest.mark.parametrize(("value", "hopeless"), [(0.31, True), (0.3, False), (0.29, False)])
def test_a_trial_ends_where_its_best_is_worse_than_the_median(value: float, hopeless: bool) -> None:
    assert is_hopeless(curve(9, value), OTHERS, maximise=False) is hopeless
    negated = [[point._replace(value=-point.value) for point in each] for each in OTHERS]
    assert is_hopeless(curve(-9, -value), negated, maximise=True) is hopeless


def test_its_best_counts_and_not_its_latest() -> None:
    assert not is_hopeless(curve(0.2, 0.9), OTHERS, maximise=False)
    assert find_best_so_far(curve(3, 2, 5, 1), "head", 3, False) == 2
    assert find_best_so_far(curve(3, 2), "head", 3, False) is None


def test_not_in_the_first_epoch_nor_among_few_nor_of_another_phase() -> None:
    assert not is_hopeless(curve(99), OTHERS, maximise=False)
    assert not is_hopeless(curve(9, 99), OTHERS[:4], maximise=False)
    assert not is_hopeless(curve(9, 99, phase="top"), OTHERS, maximise=False)


def test_the_first_point_at_which_it_ends() -> None:
    assert find_end(curve(9, 0.1, 99), OTHERS, False) is None
    assert find_end(curve(9, 0.9, 0.0), OTHERS, False) == Point("head", 2, 0.9)
