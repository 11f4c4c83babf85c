"""Doubtful labels of several classes: for each class, whether it is rightly there or not, by confident learning."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kerastune_ft.data.labels.raw import SEPARATOR
from kerastune_ft.inspection.labels.base import Suspect
from kerastune_ft.inspection.labels.one_class import FEWEST, SURE, choose_confident, measure_quality
from kerastune_ft.inspection.labels.out_of_fold import predict_out_of_fold
from kerastune_ft.solvers.losses import SigmoidLoss

_DOUBTED = -0.6


def find_suspects(features: np.ndarray, labels: np.ndarray, names: Sequence[str], folds: np.ndarray) -> list[Suspect]:
    """Return the doubtful labels, the most doubtful first; `labels` are 0 and 1, [examples, classes]."""
    outputs = predict_out_of_fold(features, labels.astype(np.float64), SigmoidLoss(len(names)), folds)
    return judge(1 / (1 + np.exp(-np.clip(outputs, -50, 50))), labels.astype(np.int64), names)


def judge(probabilities: np.ndarray, labels: np.ndarray, names: Sequence[str]) -> list[Suspect]:
    """Return the doubtful labels by out-of-fold probabilities [examples, classes], the most doubtful first."""
    worst: dict[int, tuple[float, int]] = {}
    wrong: dict[int, list[int]] = {}
    for number in range(len(names)):
        own = labels[:, number]
        if min(own.sum(), len(own) - own.sum()) < FEWEST:
            continue
        both = np.stack([1 - probabilities[:, number], probabilities[:, number]], axis=1)
        quality = measure_quality(both, own)
        # A class of many is often doubted a little: more than for one class is asked for.
        doubtful = (choose_confident(both, own) != own) & (quality <= _DOUBTED)
        for position in np.flatnonzero(doubtful).tolist():
            wrong.setdefault(position, []).append(number)
            worst[position] = min(worst.get(position, (1.0, number)), (float(quality[position]), number))
    found = []
    for position, (quality_of, number) in sorted(worst.items(), key=lambda each: (each[1][0], each[0])):
        changed = labels[position].copy()
        changed[wrong[position]] = 1 - changed[wrong[position]]
        own_probability = (1 + quality_of) / 2
        is_there = labels[position, number]
        words = (
            f"{names[number]} is {'given' if is_there else 'missing'}, "
            f"and its probability is {probabilities[position, number]:.2f}"
        )
        given, suggested = (_join(each, names) for each in (labels[position], changed))
        found.append(Suspect(position, given, suggested, 1 - own_probability, words, own_probability <= SURE))
    return found


def _join(flags: np.ndarray, names: Sequence[str]) -> str:
    return SEPARATOR.join(name for name, flag in zip(names, flags, strict=True) if flag) or "none"
