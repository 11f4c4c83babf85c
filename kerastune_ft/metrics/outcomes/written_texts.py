"""Outcomes of texts that a model writes, which have no probabilities of classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from kerastune_ft.metrics.outcomes.base import Outcomes


@dataclass(frozen=True)
class TextOutcomes(Outcomes):
    """How many texts there are."""

    no_probabilities: ClassVar[str] = "a text that is written is right or wrong in many ways, and no class of a few"
    no_sets: ClassVar[str] = "a model that writes answers with a text, and no set of classes holds the truth"

    texts: int
    names: tuple[str, ...] = ()

    @property
    def examples(self) -> int:
        """Return how many texts there are."""
        return self.texts

    def take(self, rows: np.ndarray) -> TextOutcomes:
        """Return the outcomes of some of the texts, by their places."""
        return TextOutcomes(len(rows))
