"""Metrics of segmentation from one integer confusion matrix: exact, and the same in any order of the pictures.

A confusion matrix [classes, classes] counts pixels: row is the true class, column the predicted one. Pixels without a
true class are in none. What a class that does not occur would score is NaN, and a mean leaves it out:

- iou and dice of a class are NaN where it is neither in the truth nor in the prediction;
- precision is NaN where the class was never predicted, recall where it is not in the truth;
- mean_iou is over all classes that have an iou, dice over those but the first, which is the background;
- a mean over no class, and the accuracy over no pixel, is NaN.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from kerastune_ft.metrics import boundaries
from kerastune_ft.metrics.division import divide

DIRECTIONS: Mapping[str, str] = MappingProxyType({"mean_iou": "max", "dice": "max", "accuracy": "max"})
"""Which way is better, by metric."""

CLASS_METRICS = ("iou", "dice", "precision", "recall")
"""The metrics that `score_classes` gives for every class."""


def score(confusion: np.ndarray) -> dict[str, float]:
    """Return mean_iou, dice and accuracy of a confusion matrix."""
    counts = _check(confusion)
    classes = score_classes(counts)
    return {
        "mean_iou": _mean(classes["iou"]),
        "dice": _mean(classes["dice"][1:]),
        "accuracy": float(divide(np.trace(counts), counts.sum())),
    }


def score_classes(confusion: np.ndarray) -> dict[str, np.ndarray]:
    """Return by metric of `CLASS_METRICS` an array [classes], NaN where the metric says nothing of a class."""
    counts = _check(confusion)
    hits, predicted, true = np.diagonal(counts), counts.sum(axis=0), counts.sum(axis=1)
    return {
        "iou": divide(hits, predicted + true - hits),
        "dice": divide(2 * hits, predicted + true),
        "precision": divide(hits, predicted),
        "recall": divide(hits, true),
    }


def describe_classes(
    confusion: np.ndarray, names: Sequence[str], boundary_counts: np.ndarray | None = None
) -> dict[str, dict[str, Any]]:
    """Return the figures of `score_classes` by name of the class, and as `examples` how many pictures have it.

    `confusion` [pictures, classes, classes] has a confusion matrix for every picture; with `boundary_counts` [pictures,
    classes, 4] there is boundary_f1 too.
    """
    scores = score_classes(confusion.sum(axis=0, dtype=np.int64))
    if boundary_counts is not None:
        scores[boundaries.BOUNDARY_F1] = boundaries.score_classes(boundary_counts.sum(axis=0, dtype=np.int64))
    pictures = (confusion.sum(axis=2) > 0).sum(axis=0)
    return {
        name: {
            **{metric: float(values[number]) for metric, values in scores.items()},
            "examples": int(pictures[number]),
        }
        for number, name in enumerate(names)
    }


def _check(confusion: np.ndarray) -> np.ndarray:
    """Return the counts as int64, which holds the pixels of any data set; raise ValueError for anything else."""
    counts = np.asarray(confusion)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or not np.issubdtype(counts.dtype, np.integer):
        raise ValueError(
            f"a confusion matrix is square and holds whole numbers; this one is {counts.dtype} {counts.shape}"
        )
    if counts.size and counts.min() < 0:
        raise ValueError(f"a confusion matrix holds counts; this one has {counts.min()}")
    return counts.astype(np.int64)


def _mean(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
