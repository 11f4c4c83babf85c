"""Boundary F1 of masks from integer counts: exact, and the same in any order of the pictures.

Of a class four numbers of pixels are counted in every picture: boundary pixels of the truth, those of them near a
predicted one, predicted boundary pixels, and those of them near a true one. Near is a distance of at most 0.75 % of the
picture's diagonal (Csurka, Larlus and Perronnin, What is a good evaluation measure for semantic segmentation?, BMVC
2013). Here the counts of all pictures are added up first; the paper has a mean over pictures.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from kerastune_ft.metrics.division import divide, nan_mean

BOUNDARY_F1 = "boundary_f1"
COUNTS = ("true", "true_near", "predicted", "predicted_near")
"""What is counted of a class, in the order of the arrays of this module."""
_SHARE = 0.0075


def find_reach(height: int, width: int) -> float:
    """Return the distance in pixels up to which two boundary pixels of a picture are near each other."""
    return _SHARE * math.hypot(height, width)


def score_classes(counts: np.ndarray) -> np.ndarray:
    """Return the F1 of the boundary of every class; `counts` [classes, 4, ...] are added up over pictures.

    It is the harmonic mean of the share of predicted boundary pixels that are near a true one and the share of true
    ones near a predicted one. NaN for a class without a boundary in truth and prediction, 0 where one of them has none.
    """
    true, true_near, predicted, predicted_near = np.moveaxis(np.asarray(counts, np.float64), 1, 0)
    precision, recall = divide(predicted_near, predicted), divide(true_near, true)
    found = divide(2 * precision * recall, precision + recall)
    # One is undefined, or both are 0.
    return np.where(np.isnan(found) & (true + predicted > 0), 0.0, found)


def score(counts: np.ndarray) -> np.ndarray:
    """Return the mean of `score_classes` over the classes that have it but the first, the background."""
    return nan_mean(score_classes(counts)[1:])


def name_columns(classes: int) -> list[str]:
    """Return the columns of the counts in evaluation/confusion.csv, by number of the class, class after class."""
    return [f"boundary_{what}_{number}" for number in range(classes) for what in COUNTS]


def read_counts(rows: Sequence[Mapping[str, str]], classes: int) -> np.ndarray | None:
    """Return the counts of every row, int64 [rows, classes, 4]; None where rows have no such columns.

    Raises ValueError for a cell that is not a whole number.
    """
    names = name_columns(classes)
    if not rows or names[0] not in rows[0]:
        return None
    counts = np.array([[int(row[name]) for name in names] for row in rows], np.int64)
    return counts.reshape(len(rows), classes, len(COUNTS))
