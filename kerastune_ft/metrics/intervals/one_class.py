"""Metrics of resamples of examples that have one of several classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from kerastune_ft.metrics.division import divide, nan_mean
from kerastune_ft.metrics.intervals.base import Sample
from kerastune_ft.metrics.intervals.ranking import Ranking, average_rankings
from kerastune_ft.rules import NEWEST, Rules

_BEST = 5


@dataclass(frozen=True)
class Answers:
    """True and predicted classes by number, probabilities [examples, classes], and the loss of every example."""

    targets: np.ndarray
    predicted: np.ndarray
    probabilities: np.ndarray
    losses: np.ndarray
    positive: int


def make_sample(answers: Answers, names: Sequence[str], rules: Rules = NEWEST) -> Sample:
    """Return the examples as the metrics of `names` need them."""
    targets, right = answers.targets, (answers.targets == answers.predicted).astype(np.float64)
    is_positive = targets == answers.positive
    proportions = {
        "accuracy": right,
        "sensitivity": np.where(is_positive, right, np.nan),
        "specificity": np.where(is_positive, np.nan, right),
    }
    if "top_5_accuracy" in names:
        # It compares every example with every class.
        proportions["top_5_accuracy"] = _is_among_best(answers)
    classes = answers.probabilities.shape[1]
    counted, ranked = _Counted(answers, rules), _Ranked(answers)
    by_count = [name for name in names if name in _Counted.METRICS]
    by_rank = [name for name in names if name in _Ranked.METRICS]
    return Sample(
        len(targets),
        proportions={name: hits for name, hits in proportions.items() if name in names},
        means={name: answers.losses.astype(np.float64) for name in ("loss", "log_loss") if name in names},
        compute=lambda counts: counted.compute(counts, by_count),
        rank=(lambda counts: ranked.compute(counts, by_rank)) if by_rank else None,
        ranked_classes=(1 if classes == 2 else classes) * len(by_rank),
    )


def _is_among_best(answers: Answers) -> np.ndarray:
    """Return whether the class of an example is among its five most probable; of equal ones the first count.

    The most probable of equal ones is the first for predictions, too.
    """
    rows = np.arange(len(answers.targets))
    own = answers.probabilities[rows, answers.targets][:, np.newaxis]
    earlier = np.arange(answers.probabilities.shape[1]) < answers.targets[:, np.newaxis]
    before = (answers.probabilities > own) | ((answers.probabilities == own) & earlier)
    return (before.sum(axis=1) < _BEST).astype(np.float64)


class _Counted:
    """Metrics of a confusion matrix, of which the diagonal and the sums of rows and columns are enough."""

    METRICS = ("macro_f1", "balanced_accuracy", "kappa")

    def __init__(self, answers: Answers, rules: Rules) -> None:
        self._classes, self._rules = answers.probabilities.shape[1], rules
        self._true, self._predicted = _Sums(answers.targets), _Sums(answers.predicted)
        self._hit_rows = np.flatnonzero(answers.targets == answers.predicted)
        self._hits = _Sums(answers.targets[self._hit_rows])

    def compute(self, counts: np.ndarray, names: Sequence[str]) -> dict[str, np.ndarray]:
        """Return the metrics of `names`, each [resamples]."""
        if not names:
            return {}
        hits = self._hits.add(counts[self._hit_rows], self._classes)
        true, predicted = self._true.add(counts, self._classes), self._predicted.add(counts, self._classes)
        occurring = true > 0 if self._rules.f1_of_occurring_classes else (true > 0) | (predicted > 0)
        f1 = np.where(occurring, divide(2 * hits, true + predicted), np.nan)
        total = true.sum(axis=0)
        agreed, chance = divide(hits.sum(axis=0), total), divide((true * predicted).sum(axis=0), total**2)
        found = {
            "macro_f1": nan_mean(f1),
            "balanced_accuracy": nan_mean(divide(hits, true)),
            "kappa": divide(agreed - chance, 1 - chance),
        }
        return {name: found[name] for name in names}


class _Sums:
    """Adds up the rows of the examples of each class."""

    def __init__(self, classes: np.ndarray) -> None:
        self._order = np.argsort(classes, kind="stable")
        self._occurring, self._starts = np.unique(classes[self._order], return_index=True)

    def add(self, rows: np.ndarray, classes: int) -> np.ndarray:
        """Return the sums of `rows` [examples, resamples] by class, [classes, resamples]."""
        sums = np.zeros((classes, rows.shape[1]))
        if len(self._occurring):
            sums[self._occurring] = np.add.reduceat(rows[self._order], self._starts, axis=0)
        return sums


class _Ranked:
    """AUC and average precision: of two classes that of the positive one, else the mean of one against the rest."""

    METRICS = ("auc", "average_precision")

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    @cached_property
    def _rankings(self) -> list[Ranking]:
        """The rankings of all classes, which take time and memory that is spent where they are asked for."""
        targets, scores = self._answers.targets, self._answers.probabilities
        classes = [self._answers.positive] if scores.shape[1] == 2 else range(scores.shape[1])
        return [Ranking(scores[:, each], targets == each) for each in classes]

    def compute(self, counts: np.ndarray, names: Sequence[str]) -> dict[str, np.ndarray]:
        """Return the metrics of `names`, each [resamples]; the mean is over the classes that were drawn."""
        return average_rankings(self._rankings, counts, {name: name for name in names})
