"""Outcomes of examples that have one of several classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from kerastune_ft.metrics import one_class
from kerastune_ft.metrics.calibration.errors import Claims
from kerastune_ft.metrics.calibration.temperature import Temperature, as_divisor, fit_softmax
from kerastune_ft.metrics.outcomes.base import Outcomes, Row, Scored

# The logarithm of less is not finite.
_SMALLEST = 1e-300


@dataclass(frozen=True)
class OneClassOutcomes(Outcomes):
    """The class of every example by number, and the logits of all classes [examples, classes]."""

    targets: np.ndarray
    logits: np.ndarray
    names: Sequence[str]
    positive: int

    @property
    def examples(self) -> int:
        """Return how many examples there are."""
        return len(self.targets)

    @property
    def probabilities(self) -> np.ndarray:
        """Return the probability of every class, float64 [examples, classes]."""
        return one_class.softmax(self.logits)

    def take(self, rows: np.ndarray) -> OneClassOutcomes:
        """Return the outcomes of some of the examples, by their places."""
        return replace(self, targets=self.targets[rows], logits=self.logits[rows])

    def fit_temperature(self) -> float | None:
        """Return the temperature of the least cross-entropy; None where the examples do not tell one."""
        return fit_softmax(self.targets, self.logits)

    def calibrate(self, temperature: Temperature) -> OneClassOutcomes:
        """Return the outcomes with logits divided by a temperature."""
        return replace(self, logits=self.logits.astype(np.float64) / as_divisor(temperature, self.names))

    def claims(self) -> Claims:
        """Return the probability of the answer and whether it is right."""
        probabilities = self.probabilities
        answers = probabilities.argmax(axis=1)
        hits = (answers == self.targets).astype(np.float64)
        return Claims(probabilities.max(axis=1)[:, np.newaxis], hits[:, np.newaxis])

    def losses(self) -> dict[str, np.ndarray]:
        """Return the Brier score and the cross-entropy of every example.

        The Brier score (Brier, 1950) is the sum over the classes of (probability - 1 or 0)², halved for two classes,
        where it is that of the positive one, as in scikit-learn.
        """
        flags = np.eye(len(self.names))[self.targets]
        squares = np.square(self.probabilities - flags).sum(axis=1)
        brier = squares / 2 if len(self.names) == 2 else squares
        return {"brier": brier, "log_loss": one_class.losses(self.targets, self.logits)}

    def list_scored(self) -> list[Scored]:
        """Return the positive one of two classes, or every class against the rest, scored by its probability."""
        probabilities = self.probabilities
        classes = [self.positive] if len(self.names) == 2 else range(len(self.names))
        return [Scored(self.names[each], self.targets == each, probabilities[:, each]) for each in classes]


def read_one_class(rows: Sequence[Row], names: Sequence[str], positive: int) -> OneClassOutcomes:
    """Return the outcomes of rows of predictions.csv; the logits are logarithms of their probabilities."""
    places = {name: place for place, name in enumerate(names)}
    targets = np.asarray([places[row["label"]] for row in rows], np.int64)
    columns = [f"probability_{name}" for name in names]
    found = np.asarray([[float(row[column]) for column in columns] for row in rows], np.float64)
    return OneClassOutcomes(targets, np.log(np.maximum(found.reshape(-1, len(names)), _SMALLEST)), names, positive)
