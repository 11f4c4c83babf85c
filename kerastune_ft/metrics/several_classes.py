"""Metrics of examples to which any number of classes apply, from 0/1 targets and logits or probabilities."""

from __future__ import annotations

import numpy as np

from kerastune_ft.metrics.counted import find_auc


def score(targets: np.ndarray, logits: np.ndarray, thresholds: np.ndarray) -> dict[str, float]:
    """Return loss, accuracy, macro F1, AUC and mean average precision of logits [examples, classes].

    Classes are predicted from the probabilities `thresholds` [classes] on; see `score_decisions` and `score_ranking`.
    """
    wanted = targets.astype(np.int8)
    return {
        "loss": float(losses(targets, logits).mean()),
        **score_decisions(wanted, sigmoid(logits) >= thresholds),
        **score_ranking(wanted, logits.astype(np.float64)),
    }


def score_decisions(wanted: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """Return accuracy and macro F1 of the predicted classes, 0 or 1 [examples, classes].

    Accuracy is the share of examples with exactly their classes predicted. F1 is averaged over the classes that occur,
    NaN where none does.
    """
    from sklearn import metrics

    occurring = np.flatnonzero(wanted.any(axis=0))
    f1 = [metrics.f1_score(wanted[:, one], predicted[:, one], zero_division=0) for one in occurring]
    return {"accuracy": float((wanted == predicted).all(axis=1).mean()), "macro_f1": _mean(f1)}


def score_ranking(wanted: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """Return AUC and mean average precision of scores [examples, classes], as scikit-learn does.

    Logits and probabilities give the same, as both sort the examples alike. The averages are over the classes that
    occur (AUC: that some examples have and some have not), NaN where there is none.
    """
    from sklearn import metrics

    occurring = wanted.any(axis=0)
    divided = np.flatnonzero(occurring & ~wanted.all(axis=0))
    auc = [find_auc(wanted[:, one], scores[:, one]) for one in divided]
    precision = [metrics.average_precision_score(wanted[:, one], scores[:, one]) for one in np.flatnonzero(occurring)]
    return {"auc": _mean(auc), "mean_average_precision": _mean(precision)}


def best_f1_threshold(wanted: np.ndarray, probabilities: np.ndarray) -> float:
    """Return the threshold with the best F1, half way between two probabilities; 0.5 where no example has the class."""
    if not wanted.any():
        return 0.5
    order = np.argsort(-probabilities, kind="stable")
    ranked, hits = probabilities[order], np.cumsum(wanted[order])
    f1 = 2 * hits / (np.arange(1, len(ranked) + 1) + wanted.sum())
    # Examples of the same probability are predicted together.
    f1[:-1][ranked[:-1] == ranked[1:]] = -1
    best = int(np.argmax(f1))
    below = ranked[best + 1] if best + 1 < len(ranked) else 0.0
    return float((ranked[best] + below) / 2)


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """Return probabilities from logits, in float64."""
    return 0.5 * (1.0 + np.tanh(0.5 * logits.astype(np.float64)))


def logits_of(probabilities: np.ndarray) -> np.ndarray:
    """Return the logits of probabilities, float32; infinite for 0 and 1."""
    with np.errstate(divide="ignore"):
        return (np.log(probabilities) - np.log1p(-probabilities)).astype(np.float32)


def losses(targets: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """Return the binary cross-entropy of each example in float64, averaged over classes."""
    scores = logits.astype(np.float64)
    each = np.maximum(scores, 0) - scores * targets + np.log1p(np.exp(-np.abs(scores)))
    return each.mean(axis=1)


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else float("nan")
