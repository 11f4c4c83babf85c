"""Ending a trial early by its validation curve: the median rule.

A trial is pruned at an epoch at which its best value so far is worse than the median of those of earlier trials at the
same epoch of the same phase; one that is measured by folds after a fold, where its mean so far is worse than the median
of theirs over the same folds. [Golovin et al., Google Vizier, KDD 2017, section 3.2.] Trials that were pruned or failed
do not count. The rule draws nothing and looks at no clock.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import NamedTuple

# Trials that must have come as far, before one is compared with them; and epochs, or folds, before it is judged.
FEWEST_TRIALS = 5
FIRST_EPOCHS = 1
FOLD = "fold"
"""Stands for the phase of a point that is the metric on a fold, whose number, from 1, is its epoch."""


class Point(NamedTuple):
    """The metric of a trial after an epoch of a phase."""

    phase: str
    epoch: int
    value: float


def find_best_so_far(curve: Sequence[Point], phase: str, epoch: int, maximise: bool) -> float | None:
    """Return the best value of a phase up to an epoch; None where the trial did not come as far."""
    own = [point for point in curve if point.phase == phase]
    if not any(point.epoch == epoch for point in own):
        return None
    return (max if maximise else min)(point.value for point in own if point.epoch <= epoch)


def is_hopeless(curve: Sequence[Point], others: Sequence[Sequence[Point]], maximise: bool) -> bool:
    """Return whether a trial is to end after the last point of its curve; `others` are those of complete trials."""
    phase, epoch, _ = curve[-1]
    if epoch <= FIRST_EPOCHS:
        return False
    own = find_best_so_far(curve, phase, epoch, maximise)
    known = [value for each in others if (value := find_best_so_far(each, phase, epoch, maximise)) is not None]
    if own is None or len(known) < FEWEST_TRIALS:
        return False
    median = statistics.median(known)
    return own < median if maximise else own > median


def is_hopeless_by_folds(curve: Sequence[Point], others: Sequence[Sequence[Point]], maximise: bool) -> bool:
    """Return whether a trial is to end after the folds of its curve; `others` are those of complete trials."""
    folds = [point.epoch for point in curve]
    if len(folds) <= FIRST_EPOCHS:
        return False
    known = [
        statistics.fmean(point.value for point in each if point.epoch in folds)
        for each in others
        if {point.epoch for point in each}.issuperset(folds)
    ]
    if len(known) < FEWEST_TRIALS:
        return False
    own, median = statistics.fmean(point.value for point in curve), statistics.median(known)
    return own < median if maximise else own > median
