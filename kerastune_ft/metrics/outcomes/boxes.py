"""Outcomes of pictures with boxes, whose scores are of boxes and not of the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from kerastune_ft.metrics.outcomes.base import Outcomes


@dataclass(frozen=True)
class BoxOutcomes(Outcomes):
    """How many pictures there are, and the classes of their boxes."""

    no_probabilities: ClassVar[str] = (
        "a score of object_detection is that of a box, which only a true box with enough overlap makes right, and "
        "pictures have no probabilities"
    )
    no_sets: ClassVar[str] = "object_detection answers with boxes, and no set of classes holds the truth of a picture"

    pictures: int
    names: Sequence[str]

    @property
    def examples(self) -> int:
        """Return how many pictures there are."""
        return self.pictures

    def take(self, rows: np.ndarray) -> BoxOutcomes:
        """Return the outcomes of some of the pictures, by their places."""
        return BoxOutcomes(len(rows), self.names)
