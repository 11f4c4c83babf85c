"""Examples as the loader gives them to training, to be shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Loaded:
    """A few examples, with the same changes in both."""

    inputs: np.ndarray
    """[rows, ...]"""
    targets: Any = None
    """What the task makes of their labels: an array [rows, ...], or a nest of them."""
