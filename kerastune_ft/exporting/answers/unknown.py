"""Distances of answers to the nearest training example, and what is called unknown, where a run has `task.unknown`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerastune_ft.errors import PromiseError
from kerastune_ft.exporting.answers.base import Answer, Samples
from kerastune_ft.saved_model.unknown import COLUMNS
from kerastune_ft.wording import lines

_DISTANCE, _UNKNOWN = COLUMNS
# float32 against float64, on features that two programs computed; distances near 0 are roots of what is lost.
DISTANCES = 1e-2
"""How far a distance may be from the run's, as a share of itself and one, in an export in float32."""


def compare_distances(
    samples: Samples, rows: Sequence[Mapping[str, Any]], answers: Sequence[Answer], tolerance: float = DISTANCES
) -> float | None:
    """Return the largest difference of a distance; None where the run has none.

    Raises PromiseError where one differs by more than the tolerance, as a share of itself and one.
    """
    if not rows or rows[0].get(_DISTANCE) is None:
        return None
    run = np.array([row[_DISTANCE] for row in rows])
    export = np.array([answer[_DISTANCE] for answer in answers])
    far = np.abs(run - export)
    other = [
        (name, f"{row[_DISTANCE]:.4g} by the run, {answer[_DISTANCE]:.4g} by the export")
        for name, row, answer, own in zip(samples.names, rows, answers, far, strict=True)
        if not own <= tolerance * (1.0 + row[_DISTANCE])
    ]
    if other:
        raise PromiseError(f"the export gives other distances than the run:\n{lines(other)}\nnothing was written")
    return float(far.max())


def count_unknown(rows: Sequence[Mapping[str, Any]], answers: Sequence[Answer]) -> int:
    """Return how many samples only one of run and export calls unknown."""
    return sum(bool(row.get(_UNKNOWN)) != bool(answer.get(_UNKNOWN)) for row, answer in zip(rows, answers, strict=True))
