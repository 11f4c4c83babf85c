"""Results for pictures with boxes, computed again from every detection and every true box, without hotcoco."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from kerastune_ft.metrics.boxes.matches import AT_50, AT_75, Matches, match
from kerastune_ft.metrics.boxes.tables import describe_pictures, read_detections, read_truth
from kerastune_ft.metrics.boxes.thresholds import NO_TRUTH
from kerastune_ft.metrics.boxes.verdicts import judge
from kerastune_ft.metrics.detection import DIRECTIONS, count_truth
from kerastune_ft.metrics.intervals.base import Sample, measure
from kerastune_ft.metrics.intervals.detection import make_sample, measure_classes
from kerastune_ft.verification.results.base import ResultCheck, Row, Table, is_cell_of

# The loss of a picture is summed in float32.
_LOSS_TOLERANCE = 1e-6


class BoxCheck(ResultCheck):
    """Mean average precision by the program's own matching, where the run had it of hotcoco; the loss."""

    parts = ("evaluation/detections.csv", "evaluation/truth.csv")

    def score(self, table: Table) -> dict[str, float]:
        """Return mean average precision, and the loss of all places by what it is divided by."""
        return measure(self.sample(table, tuple(DIRECTIONS)))

    def sample(self, table: Table, names: Sequence[str]) -> Sample:
        """Return the matches of the rows, with their losses."""
        losses, counts = (np.array([float(row[name] or 0) for row in table.rows]) for name in ("loss", "places"))
        # The loss of a picture is that of its places, or of one where none is matched.
        return make_sample(_match(table), losses * np.maximum(counts, 1.0), counts)

    def score_classes(self, table: Table) -> dict[str, dict[str, float]]:
        """Return average precision and the numbers of true boxes and of pictures that have one, by class."""
        found = measure_classes(_match(table))
        counts = count_truth(_read_boxes(table)[1], len(table.names))
        return {
            name: {
                "average_precision": float(found[:, number].mean()),
                "average_precision_50": float(found[AT_50, number]),
                "average_precision_75": float(found[AT_75, number]),
                "boxes": int(counts[:, number].sum()),
                "examples": int((counts[:, number] > 0).sum()),
            }
            for number, name in enumerate(table.names)
        }

    def find_faults(self, table: Table) -> Iterator[tuple[int, str]]:
        """Yield the rows whose counts do not follow from their boxes and the thresholds."""
        detections, truth = _read_boxes(table)
        limits = np.array([table.thresholds.get(name, NO_TRUTH) for name in table.names])
        columns = describe_pictures(detections, truth, judge(detections, truth, limits))
        for number, row in enumerate(table.rows):
            for name, values in columns.items():
                if not is_cell_of(row[name], float(values[number])):
                    yield number, f"{name} is {row[name] or 'empty'}, and {values[number]} by its boxes"

    def tolerance(self, labels: Mapping[str, Any], metric: str) -> float:
        """Return that of the loss, or of sums in another order."""
        return _LOSS_TOLERANCE if metric == "loss" else super().tolerance(labels, metric)


def _match(table: Table) -> Matches:
    return match(*_read_boxes(table), len(table.names))


def _read_boxes(table: Table) -> tuple[np.ndarray, np.ndarray]:
    """Return the detections and the true boxes of the rows, picture by picture."""
    return (
        read_detections(_list_parts(table.rows, "detections"), table.names, len(table.rows)),
        read_truth(_list_parts(table.rows, "truth"), table.names, len(table.rows)),
    )


def _list_parts(rows: Sequence[Row], name: str) -> Iterator[Row]:
    """Yield the rows of a part table, numbered by the rows that are there and not by those of the whole split."""
    for number, row in enumerate(rows, 1):
        for part in json.loads(row[name]):
            yield {**part, "number": str(number)}
