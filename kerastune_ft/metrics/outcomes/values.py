"""Outcomes of examples whose labels are values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from kerastune_ft.metrics.decisions.sets import describe_value_intervals, find_limit
from kerastune_ft.metrics.outcomes.base import Outcomes, Row


@dataclass(frozen=True)
class ValueOutcomes(Outcomes):
    """True and predicted values in the user's units, float64 [examples, targets] each."""

    no_probabilities: ClassVar[str] = "values have no probabilities"

    wanted: np.ndarray
    predicted: np.ndarray
    names: Sequence[str]

    @property
    def examples(self) -> int:
        """Return how many examples there are."""
        return len(self.wanted)

    def take(self, rows: np.ndarray) -> ValueOutcomes:
        """Return the outcomes of some of the examples, by their places."""
        return replace(self, wanted=self.wanted[rows], predicted=self.predicted[rows])

    def find_limits(self, coverage: float) -> list[float]:
        """Return how far from a prediction its interval goes, by target, see `decisions.sets`."""
        errors = np.abs(self.predicted - self.wanted)
        return [find_limit(errors[:, target], coverage) for target in range(len(self.names))]

    def describe_sets(self, limits: Sequence[float], groups: Sequence[str] | None = None) -> dict[str, Any]:
        """Return width and coverage of the intervals by target."""
        return describe_value_intervals(self.predicted - self.wanted, self.names, limits, groups)


def read_values(rows: Sequence[Row], names: Sequence[str]) -> ValueOutcomes:
    """Return the outcomes of rows of predictions.csv."""
    endings = [""] if len(names) == 1 else [f"_{name}" for name in names]
    wanted, predicted = (
        np.asarray([[float(row[f"{beginning}{ending}"]) for ending in endings] for row in rows], np.float64)
        for beginning in ("label", "value")
    )
    return ValueOutcomes(wanted.reshape(-1, len(names)), predicted.reshape(-1, len(names)), names)
