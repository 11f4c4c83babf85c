"""Results for pictures with a class for every pixel, computed again from the pixel counts of every picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kerastune_ft.metrics import segmentation
from kerastune_ft.metrics.confusion_table import name_columns, read_counts
from kerastune_ft.verification.results.base import ResultCheck, Row


class MaskCheck(ResultCheck):
    """Mean IoU, Dice and accuracy; they come from whole numbers, so they must be the same to the last digit."""

    table = "evaluation/confusion.csv"

    def score(self, rows: Sequence[Row], labels: Mapping[str, Any], positive: str | None) -> dict[str, float]:
        """Return mean IoU, Dice and accuracy; the loss does not follow from the counts."""
        return segmentation.score(read_counts(rows, len(labels["names"])).sum(axis=0))

    def score_classes(self, rows: Sequence[Row], labels: Mapping[str, Any]) -> dict[str, dict[str, float]]:
        """Return IoU, Dice, precision and recall by class."""
        scores = segmentation.score_classes(read_counts(rows, len(labels["names"])).sum(axis=0))
        return {
            name: {metric: float(values[number]) for metric, values in scores.items()}
            for number, name in enumerate(labels["names"])
        }

    def find_faults(
        self, rows: Sequence[Row], labels: Mapping[str, Any], thresholds: Mapping[str, float]
    ) -> Iterator[tuple[int, str]]:
        """Yield the rows with a cell that is no count, and those whose own metrics do not follow from their counts."""
        columns = name_columns(len(labels["names"]))
        for number, row in enumerate(rows):
            if wrong := next((name for name in columns if not row[name].isdecimal()), None):
                yield number, f"{wrong} is {row[wrong]!r}, which is no number of pixels"
                continue
            scores = segmentation.score(read_counts([row], len(labels["names"]))[0])
            for metric, value in scores.items():
                if row.get(metric) and float(row[metric]) != value:
                    yield number, f"{metric} is {row[metric]}, and {value} by its counts"

    def tolerance(self, labels: Mapping[str, Any], metric: str) -> float:
        """Return 0."""
        return 0.0
