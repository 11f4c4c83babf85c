"""Outcomes of examples to which any number of classes apply."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from kerastune_ft.metrics import several_classes
from kerastune_ft.metrics.calibration.errors import Claims
from kerastune_ft.metrics.calibration.temperature import Temperature, as_divisor, fit_sigmoids
from kerastune_ft.metrics.outcomes.base import Outcomes, Row, Scored

# Probabilities closer to 0 or 1 have no logit in float64.
_SMALLEST, _LARGEST = 1e-300, 1 - 1e-16
_SEPARATOR = "|"


@dataclass(frozen=True)
class SeveralClassesOutcomes(Outcomes):
    """The flags and logits of all classes, [examples, classes] each."""

    wanted: np.ndarray
    """Bool."""
    logits: np.ndarray
    names: Sequence[str]

    @property
    def examples(self) -> int:
        """Return how many examples there are."""
        return len(self.wanted)

    @property
    def probabilities(self) -> np.ndarray:
        """Return the probability of every class, float64 [examples, classes]."""
        return several_classes.sigmoid(self.logits)

    def take(self, rows: np.ndarray) -> SeveralClassesOutcomes:
        """Return the outcomes of some of the examples, by their places."""
        return replace(self, wanted=self.wanted[rows], logits=self.logits[rows])

    def fit_temperature(self) -> dict[str, float | None]:
        """Return by class the temperature of its least cross-entropy; None where the examples do not tell one."""
        return dict(zip(self.names, fit_sigmoids(self.wanted, self.logits), strict=True))

    def calibrate(self, temperature: Temperature) -> SeveralClassesOutcomes:
        """Return the outcomes with the logits of every class divided by its temperature."""
        return replace(self, logits=self.logits.astype(np.float64) / as_divisor(temperature, self.names))

    def claims(self) -> Claims:
        """Return the probability of every class for every example, and whether the class applies."""
        return Claims(self.probabilities, self.wanted.astype(np.float64))

    def losses(self) -> dict[str, np.ndarray]:
        """Return the Brier score and the binary cross-entropy of every example, each the mean over the classes."""
        brier = np.square(self.probabilities - self.wanted).mean(axis=1)
        return {"brier": brier, "log_loss": several_classes.losses(self.wanted.astype(np.float64), self.logits)}

    def list_scored(self) -> list[Scored]:
        """Return every class, scored by its probability."""
        probabilities = self.probabilities
        return [Scored(name, self.wanted[:, place], probabilities[:, place]) for place, name in enumerate(self.names)]


def read_several_classes(rows: Sequence[Row], names: Sequence[str]) -> SeveralClassesOutcomes:
    """Return the outcomes of rows of predictions.csv; the logits are those of their probabilities."""
    sets = [frozenset(row["label"].split(_SEPARATOR)) for row in rows]
    wanted = np.asarray([[name in own for name in names] for own in sets], bool).reshape(-1, len(names))
    columns = [f"probability_{name}" for name in names]
    found = np.asarray([[float(row[column]) for column in columns] for row in rows], np.float64)
    bounded = np.clip(found.reshape(-1, len(names)), _SMALLEST, _LARGEST)
    return SeveralClassesOutcomes(wanted, np.log(bounded) - np.log1p(-bounded), names)
