"""The columns of evaluation/confusion.csv: per picture, pixels by true and predicted class as integers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np


def name_columns(classes: int) -> list[str]:
    """Return the columns of the counts, `count_<true>_<predicted>` by number of the class, row after row."""
    return [f"count_{true}_{predicted}" for true in range(classes) for predicted in range(classes)]


def read_counts(rows: Sequence[Mapping[str, str]], classes: int) -> np.ndarray:
    """Return the confusion matrix of every row, int64 [rows, classes, classes].

    Raises KeyError for a missing column and ValueError for a cell that is not a whole number.
    """
    names = name_columns(classes)
    counts = np.array([[int(row[name]) for name in names] for row in rows], np.int64)
    return counts.reshape(len(rows), classes, classes)
