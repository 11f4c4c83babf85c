"""Results for examples whose labels are values, computed again from true and predicted values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from kerastune_ft.metrics import values
from kerastune_ft.metrics.intervals.base import Sample
from kerastune_ft.metrics.intervals.values import make_sample
from kerastune_ft.verification.results.base import (
    ResultCheck,
    Table,
    average_losses,
    find_wrong_losses,
    read_columns,
    read_losses,
)

# True values are written with six significant digits of their deviation.
_VALUE_TOLERANCE = 1e-4
_LOSS_TOLERANCE = 1e-3


class ValueCheck(ResultCheck):
    """Loss, MAE, RMSE and R2, of all targets and of each."""

    def score(self, table: Table) -> dict[str, float]:
        """Return the metrics."""
        wanted, predicted = (_read_values(table, column) for column in ("label", "value"))
        return average_losses(table.rows) | values.score(wanted, predicted, table.names)

    def sample(self, table: Table, names: Sequence[str]) -> Sample:
        """Return true and predicted values and losses of the rows."""
        wanted, predicted = (_read_values(table, column) for column in ("label", "value"))
        return make_sample(wanted, predicted, read_losses(table.rows), table.names, names)

    def find_faults(self, table: Table) -> Iterator[tuple[int, str]]:
        """Yield the rows whose loss does not follow from the values."""
        wanted, predicted = (_read_values(table, column) for column in ("label", "value"))
        losses = np.square((predicted - wanted) / np.asarray(table.labels["deviation"])).mean(axis=1)
        yield from find_wrong_losses(table.rows, losses, _LOSS_TOLERANCE)

    def tolerance(self, labels: Mapping[str, Any], metric: str) -> float:
        """Return the tolerance of a metric, which grows with the largest deviation of a target."""
        if metric == "loss":
            return super().tolerance(labels, metric)
        return _VALUE_TOLERANCE * max(1.0, *labels["deviation"])


def _read_values(table: Table, column: str) -> np.ndarray:
    """Return the values of all targets, float64 [rows, targets]; the column of a single target has no name added."""
    if len(table.names) == 1:
        return np.asarray([[float(row[column])] for row in table.rows])
    return read_columns(table.rows, f"{column}_", table.names)
