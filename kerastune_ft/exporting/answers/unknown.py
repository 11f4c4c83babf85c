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

    Raises PromiseError where one differs by more than the tolerance, as a share of itself and one, and where only one
    of both calls a sample unknown whose distance is farther from the limit than that.
    """
    if not rows or rows[0].get(_DISTANCE) is None:
        return None
    run = np.array([row[_DISTANCE] for row in rows])
    export = np.array([answer[_DISTANCE] for answer in answers])
    far = np.abs(run - export)
    assert samples.unknown is not None
    flips = np.array([_is_flip(row, answer) for row, answer in zip(rows, answers, strict=True)])
    wrong = np.maximum(far, flips * np.abs(run - samples.unknown))
    other = [
        (name, f"{_describe(row)} by the run, {_describe(answer)} by the export")
        for name, row, answer, own in zip(samples.names, rows, answers, wrong, strict=True)
        if not own <= tolerance * (1.0 + row[_DISTANCE])
    ]
    if other:
        raise PromiseError(f"the export gives other distances than the run:\n{lines(other)}\nnothing was written")
    return float(far.max())


def count_unknown(rows: Sequence[Mapping[str, Any]], answers: Sequence[Answer]) -> int:
    """Return how many samples only one of run and export calls unknown."""
    return sum(_is_flip(row, answer) for row, answer in zip(rows, answers, strict=True))


def _is_flip(row: Mapping[str, Any], answer: Answer) -> bool:
    return bool(row.get(_UNKNOWN)) != bool(answer.get(_UNKNOWN))


def _describe(answer: Mapping[str, Any]) -> str:
    return f"{answer[_DISTANCE]:.4g}{' (unknown)' if answer.get(_UNKNOWN) else ''}"
