"""The contract of outcomes: the answers for labelled examples as calibration, curves, decisions and sets need them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np

from kerastune_ft.metrics.calibration.errors import Claims
from kerastune_ft.metrics.calibration.temperature import Temperature
from kerastune_ft.metrics.decisions.costs import Policy
from kerastune_ft.metrics.decisions.scored import Scored

Row = Mapping[str, str]
"""A row of predictions.csv, every cell as text."""


class Outcomes(ABC):
    """The answers of a model for some examples that have labels; of what a kind of labels lacks, why."""

    no_probabilities: ClassVar[str] = ""
    """Why there are no probabilities of classes; empty where there are."""
    no_sets: ClassVar[str] = ""
    """Why there are no sets or intervals that hold the truth; empty where there are."""

    names: Sequence[str]
    """The classes or targets, in order."""

    @property
    @abstractmethod
    def examples(self) -> int:
        """Return how many examples there are."""

    @abstractmethod
    def take(self, rows: np.ndarray) -> Outcomes:
        """Return the outcomes of some of the examples, by their places."""

    def fit_temperature(self) -> float | None | Mapping[str, float | None]:
        """Return the temperature of the least log loss on these examples; None where they do not tell one."""
        return None

    def calibrate(self, temperature: Temperature) -> Outcomes:
        """Return the outcomes with raw outputs divided by a temperature."""
        return self

    def claims(self) -> Claims | None:
        """Return the probabilities that can be right or wrong; None without probabilities."""
        return None

    def losses(self) -> Mapping[str, np.ndarray]:
        """Return by name what is averaged over the examples to measure probabilities: `brier` and `log_loss`."""
        return {}

    def list_scored(self) -> list[Scored]:
        """Return the classes whose scores rank the examples: of two classes the positive one, else each."""
        return []

    def find_limits(self, coverage: float) -> list[float]:
        """Return the limits of sets that hold the truth with this probability, by these examples; see `decisions.sets`.

        One for all classes, or one for every target.
        """
        return []

    def describe_sets(self, limits: Sequence[float], groups: Sequence[str] | None = None) -> dict[str, Any]:
        """Return how often sets with these limits hold the truth of these examples, and how large they are."""
        return {}

    def price(self, chosen: Self, costs: Any) -> list[Policy]:
        """Return ways to decide with what they cost these examples, the one of `predict` first.

        `chosen` are the outcomes that thresholds are chosen on, and `costs` what mistakes cost, as `--costs` reads it.
        Raises ValueError for costs that do not fit the labels.
        """
        raise ValueError(f"costs are for classes that an example has or has not, and {self.no_probabilities}")
