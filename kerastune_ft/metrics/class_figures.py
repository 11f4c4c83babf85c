"""Figures of every class: precision, recall and F1 from counts of hits, predictions and examples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kerastune_ft.metrics.division import divide


def score_one_class(targets: np.ndarray, predicted: np.ndarray, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the figures by class of examples that have one class each, given and predicted as numbers."""
    counts = [np.bincount(each, minlength=len(names)) for each in (targets[targets == predicted], predicted, targets)]
    return _describe(counts[0], counts[1], counts[2], names)


def score_several_classes(wanted: np.ndarray, predicted: np.ndarray, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the figures by class of examples with any number of classes, 0 or 1 [examples, classes]."""
    flags = wanted.astype(bool), predicted.astype(bool)
    return _describe((flags[0] & flags[1]).sum(axis=0), flags[1].sum(axis=0), flags[0].sum(axis=0), names)


def _describe(
    hits: np.ndarray, predicted: np.ndarray, examples: np.ndarray, names: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Return precision, recall, F1 and examples by class; NaN where there is nothing to divide by.

    Precision is NaN for a class that was never predicted, recall for one without an example, F1 where both is so.
    """
    figures = {
        "precision": divide(hits, predicted),
        "recall": divide(hits, examples),
        "f1": divide(2 * hits, predicted + examples),
    }
    return {
        name: {**{metric: float(values[place]) for metric, values in figures.items()}, "examples": int(examples[place])}
        for place, name in enumerate(names)
    }
