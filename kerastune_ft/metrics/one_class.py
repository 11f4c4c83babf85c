"""Metrics of examples that have one of several classes, from class numbers and logits or probabilities."""

from __future__ import annotations

import numpy as np

from kerastune_ft.metrics.counted import find_accuracy, find_auc, find_macro_f1
from kerastune_ft.rules import NEWEST, Rules


def score(targets: np.ndarray, logits: np.ndarray, positive: int, rules: Rules = NEWEST) -> dict[str, float]:
    """Return loss, accuracy, macro F1 and AUC of logits [examples, classes]; see `score_probabilities`."""
    probabilities = softmax(logits)
    return {
        "loss": float(losses(targets, logits).mean()),
        **score_probabilities(targets, probabilities.argmax(axis=1), probabilities, positive, rules),
    }


def score_probabilities(
    targets: np.ndarray, predicted: np.ndarray, probabilities: np.ndarray, positive: int, rules: Rules = NEWEST
) -> dict[str, float]:
    """Return accuracy, macro F1 and AUC (two classes: of class `positive`; else macro one-vs-rest), as in scikit-learn.

    F1 is averaged over the classes that have an example; one that is only predicted lowers the F1 of those it is
    mistaken for, and has none of its own. AUC is NaN where a class has no example.
    """
    occurring = np.unique(targets) if rules.f1_of_occurring_classes else None
    return {
        "accuracy": find_accuracy(targets, predicted),
        "macro_f1": find_macro_f1(targets, predicted, occurring),
        "auc": _auc(targets, probabilities, positive),
    }


def _auc(targets: np.ndarray, probabilities: np.ndarray, positive: int) -> float:
    classes = probabilities.shape[1]
    if len(np.unique(targets)) < classes:
        return float("nan")
    if classes == 2:
        return find_auc(targets == positive, probabilities[:, positive])
    return float(np.average([find_auc(targets == one, probabilities[:, one]) for one in range(classes)]))


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return probabilities from logits, in float64 so that rows sum to 1 within 1e-15."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    exponents = np.exp(shifted)
    return exponents / exponents.sum(axis=1, keepdims=True)


def losses(targets: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """Return the cross-entropy of each example in float64, from class numbers and logits."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    return np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(targets)), targets]
