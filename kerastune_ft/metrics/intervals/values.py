"""Metrics of resamples of predicted numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kerastune_ft.metrics.division import divide
from kerastune_ft.metrics.intervals.base import Sample

# A spread below this share of the squares is a rounding error of none.
_NONE = 1e-12


def make_sample(
    wanted: np.ndarray, predicted: np.ndarray, losses: np.ndarray, targets: Sequence[str], names: Sequence[str]
) -> Sample:
    """Return the examples as the metrics of `names` need them; wanted and predicted are [examples, targets]."""
    columns = [_Target(wanted[:, each], predicted[:, each]) for each in range(len(targets))]
    return Sample(
        len(wanted),
        means={"loss": losses.astype(np.float64)} if "loss" in names else {},
        compute=lambda counts: _compute(columns, targets, counts, names),
    )


def _compute(
    columns: Sequence[_Target], targets: Sequence[str], counts: np.ndarray, names: Sequence[str]
) -> dict[str, np.ndarray]:
    """Return the metrics of `names`, the mean over targets and those of each; undefined where one target's is."""
    own = [column.compute(counts, names) for column in columns]
    found = {name: np.mean([each[name] for each in own], axis=0) for name in own[0]}
    if len(targets) > 1:
        for target, each in zip(targets, own, strict=True):
            found |= {f"{name}_{target}": values for name, values in each.items()}
    return found


class _Target:
    """True and predicted values of one target."""

    def __init__(self, wanted: np.ndarray, predicted: np.ndarray) -> None:
        # Around their mean, so that squares of values far from 0 do not swallow their spread.
        self._wanted, self._predicted = wanted - wanted.mean(), predicted - predicted.mean()
        self._errors = predicted - wanted
        self._orders = [np.argsort(values, kind="stable") for values in (wanted, predicted)]
        self._starts = [
            _find_starts(values[order]) for values, order in zip((wanted, predicted), self._orders, strict=True)
        ]

    def compute(self, counts: np.ndarray, names: Sequence[str]) -> dict[str, np.ndarray]:
        """Return the metrics of `names` of this target alone, each [resamples]."""
        total = counts.sum(axis=0)
        squares = np.square(self._errors) @ counts
        spread = _sum_deviations(self._wanted, counts, total)
        found = {
            "mae": divide(np.abs(self._errors) @ counts, total),
            "rmse": np.sqrt(divide(squares, total)),
            "r2": 1 - divide(squares, spread),
        }
        if "pearson" in names:
            found["pearson"] = _correlate(
                np.broadcast_to(self._wanted[:, np.newaxis], counts.shape),
                np.broadcast_to(self._predicted[:, np.newaxis], counts.shape),
                counts,
            )
        if "spearman" in names:
            found["spearman"] = _correlate(self._rank(counts, 0), self._rank(counts, 1), counts)
        return {name: values for name, values in found.items() if name in names}

    def _rank(self, counts: np.ndarray, which: int) -> np.ndarray:
        """Return the rank of every value among the drawn ones, [examples, resamples]; equal values share theirs."""
        order, starts = self._orders[which], self._starts[which]
        drawn = np.add.reduceat(counts[order], starts, axis=0)
        ranks = np.cumsum(drawn, axis=0) - (drawn - 1) / 2
        lengths = np.diff([*starts, len(order)])
        found = np.empty_like(counts)
        found[order] = np.repeat(ranks, lengths, axis=0)
        return found


def _find_starts(ordered: np.ndarray) -> np.ndarray:
    return np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))


def _sum_deviations(values: np.ndarray, counts: np.ndarray, total: np.ndarray) -> np.ndarray:
    """Return the squared deviations from the mean of the drawn examples, summed; 0 where all are the same."""
    squares = np.square(values) @ counts
    spread = squares - divide(np.square(values @ counts), total)
    return np.where(spread > _NONE * squares, spread, 0.0)


def _correlate(first: np.ndarray, second: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the linear correlation of the drawn examples; NaN where either does not vary."""
    total = counts.sum(axis=0)
    means = [divide((values * counts).sum(axis=0), total) for values in (first, second)]
    one, other = first - means[0], second - means[1]
    spreads = [(np.square(values) * counts).sum(axis=0) for values in (one, other)]
    squares = [(np.square(values) * counts).sum(axis=0) for values in (first, second)]
    varies = [spread > _NONE * square for spread, square in zip(spreads, squares, strict=True)]
    product = np.sqrt(spreads[0] * spreads[1])
    return np.where(varies[0] & varies[1], divide((one * other * counts).sum(axis=0), product), np.nan)
