"""Outcomes of examples to which any number of classes apply."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from kerastune_ft.metrics import several_classes
from kerastune_ft.metrics.calibration.errors import Claims
from kerastune_ft.metrics.calibration.temperature import Temperature, as_divisor, fit_sigmoids, move_thresholds
from kerastune_ft.metrics.decisions.costs import Policy, choose_cheapest, price_threshold, read_pairs
from kerastune_ft.metrics.decisions.scored import Scored
from kerastune_ft.metrics.outcomes.base import Outcomes, Row

# Probabilities closer to 0 or 1 have no logit in float64.
_SMALLEST, _LARGEST = 1e-300, 1 - 1e-16
_SEPARATOR = "|"


@dataclass(frozen=True)
class SeveralClassesOutcomes(Outcomes):
    """The flags and logits of all classes, [examples, classes] each."""

    no_sets: ClassVar[str] = "with several labels every class is a decision of its own, and there is no set to cover it"

    wanted: np.ndarray
    """Bool."""
    logits: np.ndarray
    names: Sequence[str]
    thresholds: np.ndarray
    """The probability from which `predict` answers with a class, float64 [classes]."""

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
        divisor = as_divisor(temperature, self.names)
        moved = move_thresholds(self.thresholds, divisor)
        return replace(self, logits=self.logits.astype(np.float64) / divisor, thresholds=moved)

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

    def price(self, chosen: SeveralClassesOutcomes, costs: Any) -> list[Policy]:
        """Return what labels by the run's thresholds cost, by those that are cheapest on `chosen`, and no labels.

        The cost of an example is the sum over its classes; costs are one pair for all classes, or a pair by class.
        """
        pairs = read_pairs(costs, self.names)
        own = dict(zip(self.names, self.thresholds.tolist(), strict=True))
        cheapest = {each.name: choose_cheapest(each, *pairs[each.name]) for each in chosen.list_scored()}
        nothing = dict.fromkeys(self.names, np.inf)
        scored = self.list_scored()

        def sum_costs(thresholds: Mapping[str, float]) -> np.ndarray:
            parts = [price_threshold(each, thresholds[each.name], *pairs[each.name]) for each in scored]
            return np.asarray(np.sum(parts, axis=0))

        return [
            Policy("thresholds of the run", sum_costs(own)),
            Policy("thresholds of the least cost", sum_costs(cheapest), cheapest),
            Policy("never any label", sum_costs(nothing)),
        ]


def read_several_classes(rows: Sequence[Row], names: Sequence[str], thresholds: np.ndarray) -> SeveralClassesOutcomes:
    """Return the outcomes of rows of predictions.csv; the logits are those of their probabilities."""
    sets = [frozenset(row["label"].split(_SEPARATOR)) for row in rows]
    wanted = np.asarray([[name in own for name in names] for own in sets], bool).reshape(-1, len(names))
    columns = [f"probability_{name}" for name in names]
    found = np.asarray([[float(row[column]) for column in columns] for row in rows], np.float64)
    bounded = np.clip(found.reshape(-1, len(names)), _SMALLEST, _LARGEST)
    return SeveralClassesOutcomes(wanted, np.log(bounded) - np.log1p(-bounded), names, thresholds)
