"""The median rule, against medians computed by hand."""

from __future__ import annotations

import pytest

from kerastune_ft.trials.pruning import FOLD, Point, find_best_so_far, is_hopeless, is_hopeless_by_folds


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


def by_folds(*values: float) -> list[Point]:
    return curve(*values, phase=FOLD)


@pytest.mark.parametrize(("second", "hopeless"), [(0.61, True), (0.6, False), (0.59, False)])
def test_a_trial_of_folds_ends_where_its_mean_is_worse_than_the_median_mean_over_the_same_folds(
    second: float, hopeless: bool
) -> None:
    others = [by_folds(value, 0.5, 99) for value in (0.9, 0.7, 0.5, 0.3, 0.1)]
    assert is_hopeless_by_folds(by_folds(0.4, second), others, maximise=False) is hopeless
    negated = [[point._replace(value=-point.value) for point in each] for each in others]
    assert is_hopeless_by_folds(by_folds(-0.4, -second), negated, maximise=True) is hopeless
    assert not is_hopeless_by_folds(by_folds(99), others, maximise=False), "one fold says too little"
    assert not is_hopeless_by_folds(by_folds(99, 99), others[:4], maximise=False)
    assert not is_hopeless_by_folds(by_folds(9, 9, 9, 9), others, maximise=False), "no other came so far"
