"""How far the variables of units are from what they were: the L2 distance relative to the norm before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from kerastune_ft.training.session.session import Session


def measure_distances(session: Session, paths: Iterable[str], before: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Return by unit ||w - before|| / ||before|| over its variables among `paths`, in float64.

    Units without such a variable are left out; where all values were 0 it is ||w||.
    """
    moved = {}
    now = session.values(paths)
    for unit in session.units:
        own = [variable.path for variable in unit.variables if variable.path in now]
        if own:
            change = sum(float(np.sum(np.square(now[path].astype(np.float64) - before[path]))) for path in own)
            norm = sum(float(np.sum(np.square(before[path].astype(np.float64)))) for path in own)
            moved[unit.id] = float(np.sqrt(change / norm)) if norm else float(np.sqrt(change))
    return moved
