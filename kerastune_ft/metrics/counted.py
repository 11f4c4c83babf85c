"""Accuracy, macro F1 and the area under the ROC curve from counts alone.

They have the bits of scikit-learn's, whose checks of its arguments take milliseconds for each class: a search measures
hundreds of epochs that themselves take as long.
"""

from __future__ import annotations

import numpy as np


def find_accuracy(targets: np.ndarray, predicted: np.ndarray) -> float:
    """Return the share of examples whose class is predicted."""
    return float(np.mean(targets == predicted))


def find_macro_f1(targets: np.ndarray, predicted: np.ndarray, classes: np.ndarray | None = None) -> float:
    """Return the mean of F1 over `classes`, by default those that occur or are predicted.

    Of a class with t examples, predicted p times, h of them rightly, F1 is 2 h / (t + p), and 0 where both are 0.
    """
    averaged = np.union1d(targets, predicted) if classes is None else classes
    size = int(max(targets.max(initial=0), predicted.max(initial=0), averaged.max(initial=0))) + 1
    occurring = np.bincount(targets, minlength=size)[averaged]
    said = np.bincount(predicted, minlength=size)[averaged]
    hits = np.bincount(targets[targets == predicted], minlength=size)[averaged]
    return float(np.average(2.0 * hits / np.maximum(occurring + said, 1)))


def find_auc(is_positive: np.ndarray, scores: np.ndarray) -> float:
    """Return the area under the ROC curve of scores, some of whose examples are positive and some not.

    Infinite scores are the highest and lowest there are; with one that is NaN the area is NaN, as nothing ranks it.
    Fawcett, An introduction to ROC analysis, 2006, algorithms 1 and 2: the curve has a point for each distinct score,
    from the highest, and areas between points are trapezoids. Points on a line between others are left out first.
    """
    if np.isnan(scores).any():
        return float("nan")
    order = np.argsort(scores, kind="stable")[::-1]
    ranked, hits = scores[order], is_positive[order].astype(np.float64)
    ends = np.append(np.flatnonzero(ranked[1:] != ranked[:-1]), len(ranked) - 1)
    true = np.cumsum(hits)[ends]
    false = 1 + ends - true
    if len(ends) > 2:
        is_corner = np.logical_or(np.diff(false, 2), np.diff(true, 2))
        kept = np.concatenate([[True], is_corner, [True]])
        true, false = true[kept], false[kept]
    true, false = np.append(0.0, true), np.append(0.0, false)
    return float(np.trapezoid(true / true[-1], false / false[-1]))
