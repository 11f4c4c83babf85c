"""Results for pictures with a class for every pixel, computed again from the pixel counts of every picture."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from kerastune_ft.metrics import boundaries, segmentation
from kerastune_ft.metrics.boundaries import BOUNDARY_F1
from kerastune_ft.metrics.confusion_table import name_columns, read_counts
from kerastune_ft.metrics.intervals.base import Sample
from kerastune_ft.metrics.intervals.segmentation import make_sample
from kerastune_ft.verification.results.base import ResultCheck, Row, Table, is_cell_of

# The loss of a picture is summed in float32.
_LOSS_TOLERANCE = 1e-6


class MaskCheck(ResultCheck):
    """Mean IoU, Dice and accuracy, which come from whole numbers and must be the same to the last digit; the loss."""

    table = "evaluation/confusion.csv"

    def score(self, table: Table) -> dict[str, float]:
        """Return mean IoU, Dice and accuracy, and the mean loss of labelled pixels."""
        counts, lines = _read_counts(table), _read_boundaries(table)
        found = _average_losses(table.rows, counts) | segmentation.score(counts.sum(axis=0))
        return found if lines is None else found | {BOUNDARY_F1: float(boundaries.score(lines.sum(axis=0)))}

    def sample(self, table: Table, names: Sequence[str]) -> Sample:
        """Return the pixel counts of the rows, and their losses where the rows have them."""
        counts = _read_counts(table)
        pixels = counts.sum(axis=(1, 2)).astype(np.float64)
        has_losses = all("loss" in row for row in table.rows)
        means = np.array([float(row["loss"] or 0) for row in table.rows]) if has_losses else None
        return make_sample(counts, None if means is None else means * pixels, pixels, _read_boundaries(table))

    def score_classes(self, table: Table) -> dict[str, dict[str, float]]:
        """Return IoU, Dice, precision, recall and the number of pictures that have the class, by class."""
        return segmentation.describe_classes(_read_counts(table), table.names, _read_boundaries(table))

    def find_faults(self, table: Table) -> Iterator[tuple[int, str]]:
        """Yield the rows with a cell that is no count, and those whose own metrics do not follow from their counts."""
        columns = name_columns(len(table.names))
        if table.rows and (lines := boundaries.name_columns(len(table.names)))[0] in table.rows[0]:
            columns += lines
        for number, row in enumerate(table.rows):
            if wrong := next((name for name in columns if not row[name].isdecimal()), None):
                yield number, f"{wrong} is {row[wrong]!r}, which is no number of pixels"
                continue
            scores = segmentation.score(read_counts([row], len(table.names))[0])
            if (counts := boundaries.read_counts([row], len(table.names))) is not None:
                scores[BOUNDARY_F1] = float(boundaries.score(counts[0]))
            for metric, value in scores.items():
                if metric in row and not is_cell_of(row[metric], value):
                    yield number, f"{metric} is {row[metric] or 'empty'}, and {value} by its counts"

    def tolerance(self, labels: Mapping[str, Any], metric: str) -> float:
        """Return 0, but for the loss."""
        return _LOSS_TOLERANCE if metric == "loss" else 0.0


def _read_counts(table: Table) -> np.ndarray:
    return read_counts(table.rows, len(table.names))


def _read_boundaries(table: Table) -> np.ndarray | None:
    return boundaries.read_counts(table.rows, len(table.names))


def _average_losses(rows: Sequence[Row], counts: np.ndarray) -> dict[str, float]:
    """Return the loss of a split: the mean of the pictures' losses by their numbers of labelled pixels.

    Nothing without predictions, which have the losses of pictures; a picture without labelled pixels has none.
    """
    if not all("loss" in row for row in rows):
        return {}
    pixels = counts.sum(axis=(1, 2))
    total = sum(number * float(row["loss"]) for number, row in zip(pixels, rows, strict=True) if number)
    return {"loss": total / int(pixels.sum()) if pixels.any() else math.nan}
