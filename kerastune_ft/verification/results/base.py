"""The contract between verification and the kinds of labels: metrics from a table of the run, and its faulty rows."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from kerastune_ft.metrics.intervals.base import Sample
from kerastune_ft.rules import NEWEST, Rules

Row = Mapping[str, str]
"""A row of a table, every cell as text."""

PREDICTIONS = "evaluation/predictions.csv"
# Numbers in a table are exact; sums of them may be taken in another order.
_EXACT = 1e-9
# Losses above it come from probabilities that are cut off at a smallest one.
_LARGEST_LOSS = 20


@dataclass(frozen=True)
class Table:
    """Rows of a run's table, and what the run says of them."""

    rows: Sequence[Row]
    labels: Mapping[str, Any]
    """The labels as plan.json describes them."""
    positive: str | None = None
    """What `task.positive` names."""
    rules: Rules = NEWEST
    thresholds: Mapping[str, float] = field(default_factory=dict)
    """The probability from which a class is predicted, by class."""

    @property
    def names(self) -> list[str]:
        """Return the classes or targets, in order."""
        return list(self.labels["names"])


class ResultCheck(ABC):
    """Computes the results of one kind of labels again, from a table of the run."""

    table: ClassVar[str] = PREDICTIONS
    """The file of the run that metrics follow from; it has a row for every evaluated example.

    Where it is another one than predictions.csv, rows have the columns of both.
    """

    parts: ClassVar[tuple[str, ...]] = ()
    """Files of the run with any number of rows for an example, whose `number` says of which of its split.

    A row of the table has these rows in a cell that is named as the file, without its ending, as JSON.
    """

    @abstractmethod
    def score(self, table: Table) -> dict[str, float]:
        """Return the metrics of one split's rows, as far as they follow from the table."""

    @abstractmethod
    def sample(self, table: Table, names: Sequence[str]) -> Sample:
        """Return one split's rows as the intervals of the metrics of `names` need them."""

    @abstractmethod
    def find_faults(self, table: Table) -> Iterator[tuple[int, str]]:
        """Yield number and fault of every row of the table whose cells contradict each other."""

    def score_classes(self, table: Table) -> dict[str, dict[str, float]]:
        """Return the figures by class that metrics.json has for one split's rows; none for most kinds of labels."""
        return {}

    def tolerance(self, labels: Mapping[str, Any], metric: str) -> float:
        """Return how far a metric may be from what the table gives, absolute and relative."""
        return _EXACT


def average_losses(rows: Sequence[Row]) -> dict[str, float]:
    """Return the loss of a split, the mean of its examples' losses."""
    return {"loss": float(np.mean(read_losses(rows)))}


def read_losses(rows: Sequence[Row]) -> np.ndarray:
    """Return the loss of every example, float64 [rows]."""
    return np.asarray([float(row["loss"]) for row in rows])


def read_columns(rows: Sequence[Row], beginning: str, names: Sequence[str]) -> np.ndarray:
    """Return the numbers of the columns `<beginning><name>`, float64 [rows, names]."""
    return np.asarray([[float(row[f"{beginning}{name}"]) for name in names] for row in rows])


def is_cell_of(text: str, value: float) -> bool:
    """Return whether a cell holds a number; that of NaN is empty."""
    return float(text) == value if text else math.isnan(value)


def find_wrong_predictions(rows: Sequence[Row], expected: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yield the rows whose prediction is not the expected one."""
    for number, (row, prediction) in enumerate(zip(rows, expected, strict=True)):
        if row["prediction"] != prediction:
            yield number, f"the prediction is {row['prediction']!r}, and {prediction!r} by its probabilities"


def find_wrong_losses(rows: Sequence[Row], expected: np.ndarray, tolerance: float) -> Iterator[tuple[int, str]]:
    """Yield the rows whose loss is not the expected one."""
    for number, (row, loss) in enumerate(zip(rows, expected, strict=True)):
        written = float(row["loss"])
        if not np.isclose(written, loss, rtol=tolerance, atol=tolerance) and max(written, loss) < _LARGEST_LOSS:
            yield number, f"the loss is {written:.6g}, and {loss:.6g} by its other numbers"
