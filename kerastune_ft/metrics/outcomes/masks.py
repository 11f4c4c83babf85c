"""Outcomes of pictures with a class for every pixel, of which counts are kept and no probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from kerastune_ft.metrics.outcomes.base import Outcomes


@dataclass(frozen=True)
class MaskOutcomes(Outcomes):
    """How many pictures there are, and the classes of their pixels."""

    no_probabilities: ClassVar[str] = "of masks counts of pixels are kept, and no probabilities"
    no_sets: ClassVar[str] = "of masks counts of pixels are kept, and nothing that a set could be chosen by"

    pictures: int
    names: Sequence[str]

    @property
    def examples(self) -> int:
        """Return how many pictures there are."""
        return self.pictures

    def take(self, rows: np.ndarray) -> MaskOutcomes:
        """Return the outcomes of some of the pictures, by their places."""
        return MaskOutcomes(len(rows), self.names)
