"""Metrics of resamples of examples to which any number of classes apply."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np

from kerastune_ft.metrics.division import divide, nan_mean
from kerastune_ft.metrics.intervals.base import Sample
from kerastune_ft.metrics.intervals.ranking import Ranking, average_rankings

RANKED = MappingProxyType({"auc": "auc", "mean_average_precision": "average_precision"})
"""The metrics that follow from the order of scores, each with what it is the mean of over the classes."""


@dataclass(frozen=True)
class Answers:
    """True and predicted classes, 0 or 1 [examples, classes], scores alike, and the loss of every example."""

    wanted: np.ndarray
    predicted: np.ndarray
    scores: np.ndarray
    losses: np.ndarray


def make_sample(answers: Answers, names: Sequence[str]) -> Sample:
    """Return the examples as the metrics of `names` need them."""
    wanted, predicted = answers.wanted.astype(bool), answers.predicted.astype(bool)
    counted, rankings = _Counted(wanted, predicted), _Rankings(wanted, answers.scores)
    by_count = [name for name in names if name in _Counted.METRICS]
    by_rank = [name for name in names if name in RANKED]
    right = {"accuracy": (wanted == predicted).all(axis=1).astype(np.float64)}
    return Sample(
        len(wanted),
        proportions={name: hits for name, hits in right.items() if name in names},
        means={name: answers.losses.astype(np.float64) for name in ("loss", "log_loss") if name in names},
        compute=lambda counts: counted.compute(counts, by_count),
        rank=(lambda counts: rankings.compute(counts, by_rank)) if by_rank else None,
        ranked_classes=wanted.shape[1] * len(by_rank),
    )


class _Counted:
    """Metrics of every class's hits and errors, averaged over classes."""

    METRICS = ("macro_f1", "balanced_accuracy", "sensitivity", "specificity")

    def __init__(self, wanted: np.ndarray, predicted: np.ndarray) -> None:
        self._hits = np.ascontiguousarray((wanted & predicted).T, np.float64)
        self._wanted = np.ascontiguousarray(wanted.T, np.float64)
        self._predicted = np.ascontiguousarray(predicted.T, np.float64)

    def compute(self, counts: np.ndarray, names: Sequence[str]) -> dict[str, np.ndarray]:
        """Return the metrics of `names`, each [resamples]; a class counts where it has what is divided by."""
        if not names:
            return {}
        hits, wanted, predicted = self._hits @ counts, self._wanted @ counts, self._predicted @ counts
        total = counts.sum(axis=0)
        f1 = np.where(wanted > 0, divide(2 * hits, wanted + predicted), np.nan)
        sensitivity = divide(hits, wanted)
        specificity = divide(total - wanted - predicted + hits, total - wanted)
        found = {
            "macro_f1": nan_mean(f1),
            "balanced_accuracy": nan_mean((sensitivity + specificity) / 2),
            "sensitivity": nan_mean(sensitivity),
            "specificity": nan_mean(specificity),
        }
        return {name: found[name] for name in names}


class _Rankings:
    """AUC and average precision of every class, averaged over the classes that have one."""

    def __init__(self, wanted: np.ndarray, scores: np.ndarray) -> None:
        self._wanted, self._scores = wanted, scores

    @cached_property
    def _rankings(self) -> list[Ranking]:
        """The rankings of all classes, which take time and memory that is spent where they are asked for."""
        return [Ranking(self._scores[:, each], self._wanted[:, each]) for each in range(self._wanted.shape[1])]

    def compute(self, counts: np.ndarray, names: Sequence[str]) -> dict[str, np.ndarray]:
        """Return the metrics of `names`, each [resamples]."""
        return average_rankings(self._rankings, counts, {name: RANKED[name] for name in names})
