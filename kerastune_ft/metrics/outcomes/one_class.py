"""Outcomes of examples that have one of several classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kerastune_ft.metrics import one_class
from kerastune_ft.metrics.calibration.errors import Claims
from kerastune_ft.metrics.calibration.temperature import Temperature, as_divisor, fit_softmax
from kerastune_ft.metrics.decisions.costs import FALSE_ALARM, MISSED, Policy, choose_cheapest, read_matrix, read_pair
from kerastune_ft.metrics.decisions.scored import Scored
from kerastune_ft.metrics.decisions.sets import describe_class_sets, find_limit
from kerastune_ft.metrics.outcomes.base import Outcomes, Row

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

    def find_limits(self, coverage: float) -> list[float]:
        """Return the limit of the sets of classes: how improbable the true class was, see `decisions.sets`."""
        return [find_limit(1 - self.probabilities[np.arange(self.examples), self.targets], coverage)]

    def describe_sets(self, limits: Sequence[float], groups: Sequence[str] | None = None) -> dict[str, Any]:
        """Return coverage and sizes of the sets, in all and by class."""
        return describe_class_sets(self.probabilities, self.targets, self.names, limits[0], groups)

    def price(self, chosen: OneClassOutcomes, costs: Any) -> list[Policy]:
        """Return what the most probable class costs, and what decisions by cost do.

        Of two classes these are by the threshold that is cheapest on `chosen`, and always or never the positive one. Of
        more, the class of the least expected cost by probabilities with the temperature of `chosen`, and always the
        class that is cheapest there. Costs of two classes may be `missed` and `false_alarm` of the positive one.
        """
        matrix = self._read_costs(costs)
        answers = self.probabilities.argmax(axis=1)
        usual = Policy("most probable class", matrix[self.targets, answers])
        always = [Policy(f"always {name}", matrix[self.targets, each]) for each, name in enumerate(self.names)]
        if len(self.names) == 2:
            return [usual, self._decide_by_threshold(chosen, matrix), *always]
        temperature = chosen.fit_temperature() or 1.0
        expected = self.calibrate(temperature).probabilities @ matrix
        by_cost = Policy("class of the least expected cost", matrix[self.targets, expected.argmin(axis=1)])
        cheapest = int(matrix[chosen.targets].mean(axis=0).argmin())
        return [usual, by_cost, always[cheapest]]

    def _read_costs(self, costs: Any) -> np.ndarray:
        if len(self.names) != 2 or not (isinstance(costs, Mapping) and {*costs} & {MISSED, FALSE_ALARM}):
            return read_matrix(costs, self.names)
        missed, false_alarm = read_pair(costs, "costs")
        matrix = np.zeros((2, 2))
        matrix[self.positive, 1 - self.positive], matrix[1 - self.positive, self.positive] = missed, false_alarm
        return matrix

    def _decide_by_threshold(self, chosen: OneClassOutcomes, matrix: np.ndarray) -> Policy:
        """Return the policy that takes the positive class from the cheapest threshold on."""
        place, other = self.positive, 1 - self.positive
        # What a right answer costs, if anything, is what the others are more than.
        missed = matrix[place, other] - matrix[place, place]
        false_alarm = matrix[other, place] - matrix[other, other]
        threshold = choose_cheapest(chosen.list_scored()[0], missed, false_alarm)
        answers = np.where(self.probabilities[:, place] >= threshold, place, other)
        name = self.names[place]
        return Policy(f"{name} from the threshold of the least cost", matrix[self.targets, answers], {name: threshold})


def read_one_class(rows: Sequence[Row], names: Sequence[str], positive: int) -> OneClassOutcomes:
    """Return the outcomes of rows of predictions.csv; the logits are logarithms of their probabilities."""
    places = {name: place for place, name in enumerate(names)}
    targets = np.asarray([places[row["label"]] for row in rows], np.int64)
    columns = [f"probability_{name}" for name in names]
    found = np.asarray([[float(row[column]) for column in columns] for row in rows], np.float64)
    return OneClassOutcomes(targets, np.log(np.maximum(found.reshape(-1, len(names)), _SMALLEST)), names, positive)
