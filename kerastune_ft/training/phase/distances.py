"""How far the variables of units are from what they were: the L2 distance relative to the norm before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from kerastune_ft.training.session.session import Session

# Numbers of a variable that are looked at together.
_PIECE = 1 << 20


def measure_distances(session: Session, paths: Iterable[str], before: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Return by unit ||w - before|| / ||before|| over its variables among `paths`, in float64.

    Units without such a variable are left out; where all values were 0 it is ||w||.
    """
    moved = {}
    now = session.values(paths)
    for unit in session.units:
        own = [variable.path for variable in unit.variables if variable.path in now]
        if own:
            change = sum(_square(now[path], before[path]) for path in own)
            norm = sum(_square(before[path]) for path in own)
            moved[unit.id] = float(np.sqrt(change / norm)) if norm else float(np.sqrt(change))
    return moved


def _square(values: np.ndarray, others: np.ndarray | None = None) -> float:
    """Return the sum of the squares of values, or of their differences from others, in float64.

    Of a large array a piece at a time: the matrix of a vocabulary would take its memory six times.
    """
    flat, total = values.reshape(-1), 0.0
    for begin in range(0, flat.size, _PIECE):
        piece = flat[begin : begin + _PIECE].astype(np.float64)
        if others is not None:
            piece -= others.reshape(-1)[begin : begin + _PIECE]
        total += float(np.sum(np.square(piece)))
    return total
