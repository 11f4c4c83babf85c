"""Doubtful labels of one class each, by confident learning.

Northcutt, Jiang and Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels", JAIR 2021: an example
counts for a class where its probability is at least the mean probability that examples labelled so have of it. Where
the likeliest class that it counts for is another than its label, the label is doubtful. Where models are nearly always
sure the mean is close to 1, and .7 is enough: docs/checking-data.md has what that finds.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kerastune_ft.inspection.labels.base import Suspect
from kerastune_ft.inspection.labels.out_of_fold import predict_out_of_fold
from kerastune_ft.metrics.one_class import softmax
from kerastune_ft.solvers.losses import SoftmaxLoss

FEWEST = 5
"""Examples of a class from which on models can know it."""
ENOUGH = 0.7
"""The probability that is enough to count for a class."""
SURE = 0.05
"""The probability of the label given up to which it may be left out of training."""


def find_suspects(features: np.ndarray, labels: np.ndarray, names: Sequence[str], folds: np.ndarray) -> list[Suspect]:
    """Return the doubtful labels, the most doubtful first; `labels` are numbers of classes, int [examples]."""
    outputs = predict_out_of_fold(features, labels, SoftmaxLoss(len(names)), folds)
    return judge(softmax(outputs), labels, names)


def judge(probabilities: np.ndarray, labels: np.ndarray, names: Sequence[str]) -> list[Suspect]:
    """Return the doubtful labels by out-of-fold probabilities [examples, classes], the most doubtful first."""
    counts = np.bincount(labels, minlength=len(names))
    suggested = choose_confident(probabilities, labels)
    doubtful = np.flatnonzero((suggested != labels) & (counts[labels] >= FEWEST))
    quality = measure_quality(probabilities, labels)
    found = []
    for position in doubtful[np.argsort(quality[doubtful], kind="stable")].tolist():
        own, other = probabilities[position, [labels[position], suggested[position]]].tolist()
        given, better = names[labels[position]], names[suggested[position]]
        words = f"probability {other:.2f} of {better}, {own:.2f} of {given}"
        found.append(Suspect(position, given, better, (1 - float(quality[position])) / 2, words, own <= SURE))
    return found


def choose_confident(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return for each example the likeliest class that it counts for; its label where it counts for none."""
    classes = probabilities.shape[1]
    means = np.array(
        [probabilities[labels == each, each].mean() if (labels == each).any() else np.inf for each in range(classes)]
    )
    thresholds = np.where(np.isfinite(means), np.minimum(means, ENOUGH), np.inf)
    counting = np.where(probabilities >= thresholds, probabilities, -1.0)
    best = counting.argmax(axis=1)
    return np.where(counting.max(axis=1) > 0, best, labels)


def measure_quality(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return by how much the label's probability exceeds that of the likeliest other class, from -1 to 1."""
    every = np.arange(len(labels))
    own = probabilities[every, labels]
    others = probabilities.copy()
    others[every, labels] = -np.inf
    quality: np.ndarray = own - others.max(axis=1)
    return quality
