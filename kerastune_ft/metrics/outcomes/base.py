"""The contract of outcomes: the answers for labelled examples as calibration, curves, decisions and sets need them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from kerastune_ft.metrics.calibration.errors import Claims
from kerastune_ft.metrics.calibration.temperature import Temperature

Row = Mapping[str, str]
"""A row of predictions.csv, every cell as text."""


@dataclass(frozen=True)
class Scored:
    """A class with the score of every example, higher where the class is likelier, and whether it has the class."""

    name: str
    is_positive: np.ndarray
    """Bool [examples]."""
    scores: np.ndarray
    """Float64 [examples]."""


class Outcomes(ABC):
    """The answers of a model for some examples that have labels; of what a kind of labels lacks, why."""

    no_probabilities: ClassVar[str] = ""
    """Why there are no probabilities of classes; empty where there are."""

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


Known = Mapping[str, Any]
"""What plan.json says of the labels."""
