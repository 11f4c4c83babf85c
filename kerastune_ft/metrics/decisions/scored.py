"""The scores that examples are ranked by for a class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Scored:
    """A class with the score of every example, higher where the class is likelier, and whether it has the class."""

    name: str
    is_positive: np.ndarray
    """Bool [examples]."""
    scores: np.ndarray
    """Float64 [examples]."""
