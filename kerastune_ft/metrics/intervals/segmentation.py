"""Metrics of resamples of pictures with a class for every pixel, from the pixel counts of every picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kerastune_ft.metrics import boundaries
from kerastune_ft.metrics.division import divide, nan_mean
from kerastune_ft.metrics.intervals.base import Sample


def make_class_sample(confusion: np.ndarray, names: Sequence[str]) -> Sample:
    """Return the pictures as the IoU of each class needs them, by name of the class; see `make_sample`."""
    hits = np.diagonal(confusion, axis1=1, axis2=2).T.astype(np.float64)
    either = (confusion.sum(axis=1) + confusion.sum(axis=2)).T - hits

    def compute(counts: np.ndarray) -> dict[str, np.ndarray]:
        return dict(zip(names, divide(hits @ counts, either @ counts), strict=True))

    return Sample(len(confusion), compute=compute)


def make_sample(
    confusion: np.ndarray, losses: np.ndarray | None, pixels: np.ndarray, boundary_counts: np.ndarray | None = None
) -> Sample:
    """Return the pictures as their metrics need them.

    `confusion` [pictures, classes, classes] counts pixels by true and predicted class; `losses` are sums over the
    labelled pixels of a picture in any unit, and `pixels` their number in the same unit. Without losses there is no
    interval of the loss, and without `boundary_counts` [pictures, classes, 4] none of boundary_f1. Whole pictures are
    drawn, so pixels of one picture stay together.
    """
    hits = np.ascontiguousarray(np.diagonal(confusion, axis1=1, axis2=2).T, np.float64)
    true = np.ascontiguousarray(confusion.sum(axis=2).T, np.float64)
    predicted = np.ascontiguousarray(confusion.sum(axis=1).T, np.float64)

    edges = None if boundary_counts is None else np.moveaxis(boundary_counts, 0, -1).astype(np.float64)

    def compute(counts: np.ndarray) -> dict[str, np.ndarray]:
        # Sums of whole numbers below 2 ** 53 are exact in float64, in any order.
        right, wanted, found = hits @ counts, true @ counts, predicted @ counts
        loss = {} if losses is None else {"loss": divide(losses @ counts, pixels @ counts)}
        lines = {} if edges is None else {boundaries.BOUNDARY_F1: boundaries.score(edges @ counts)}
        return (
            loss
            | lines
            | {
                "mean_iou": nan_mean(divide(right, wanted + found - right)),
                "dice": nan_mean(divide(2 * right, wanted + found)[1:]),
                "accuracy": divide(right.sum(axis=0), wanted.sum(axis=0)),
            }
        )

    return Sample(len(confusion), compute=compute)
