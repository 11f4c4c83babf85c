"""Doubtful values: those far from what a linear model says that was not fitted to them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kerastune_ft.inspection.labels.base import Suspect
from kerastune_ft.inspection.labels.out_of_fold import predict_out_of_fold
from kerastune_ft.solvers.losses import SquaredLoss

FAR = 5.0
"""Usual deviations, of examples of like values, from which on a value is doubtful."""
_SURE = 10.0
_ALIKE = 50


def find_suspects(features: np.ndarray, labels: np.ndarray, names: Sequence[str], folds: np.ndarray) -> list[Suspect]:
    """Return the doubtful values, the most doubtful first; `labels` are [examples, targets]."""
    mean, deviation = labels.mean(axis=0), np.maximum(labels.std(axis=0), 1e-12)
    outputs = predict_out_of_fold(features, (labels - mean) / deviation, SquaredLoss(len(names)), folds)
    return judge(outputs * deviation + mean, labels, names)


def judge(predicted: np.ndarray, labels: np.ndarray, names: Sequence[str]) -> list[Suspect]:
    """Return the doubtful values by out-of-fold predictions [examples, targets], the most doubtful first."""
    far = np.stack([measure_distances(predicted[:, each], labels[:, each]) for each in range(len(names))], axis=1)
    worst = far.argmax(axis=1)
    largest = far.max(axis=1)
    doubtful = np.flatnonzero(largest >= FAR)
    found = []
    for position in doubtful[np.argsort(-largest[doubtful], kind="stable")].tolist():
        target = int(worst[position])
        given, suggested = (f"{each[position, target]:.4g}" for each in (labels, predicted))
        about = f"{names[target]} " if len(names) > 1 else ""
        words = f"{about}{given}, where {suggested} is expected: {largest[position]:.1f} times the usual deviation"
        doubt = 1 - FAR / (FAR + largest[position])
        found.append(Suspect(position, given, suggested, float(doubt), words, bool(largest[position] >= _SURE)))
    return found


def measure_distances(predicted: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return how many usual deviations each value lies from its prediction.

    Usual is the median deviation, as that of a normal distribution, among the 50 examples of the nearest predictions:
    large values are predicted less exactly than small ones.
    """
    order = np.argsort(predicted, kind="stable")
    residuals = np.abs(values - predicted)[order]
    span = min(_ALIKE, len(order))
    starts = np.clip(np.arange(len(order)) - span // 2, 0, len(order) - span)
    windows = np.lib.stride_tricks.sliding_window_view(residuals, span)
    usual = 1.4826 * np.median(windows, axis=1)[starts]
    floor = 0.1 * max(1.4826 * float(np.median(residuals)), 1e-12)
    found = np.empty(len(order))
    found[order] = residuals / np.maximum(usual, floor)
    return found
