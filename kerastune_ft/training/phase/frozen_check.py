"""Promise 1: what is frozen stays bit-identical, and what is said to train or to be updated moves."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from kerastune_ft.errors import PromiseError
from kerastune_ft.graph.values import view_bytes
from kerastune_ft.training.phase.distances import measure_distances
from kerastune_ft.training.plan.document import variable_bytes
from kerastune_ft.training.plan.phase_plan import PhasePlan
from kerastune_ft.training.session.session import Session


def frozen_hashes(session: Session, plan: PhasePlan) -> dict[str, str]:
    """Return the SHA-256 of every variable that neither trains nor is updated, frozen statistics included, by path."""
    changing = set(plan.changing)
    return {
        path: hashlib.sha256(view_bytes(variable)).hexdigest()
        for path, variable in session.variables.items()
        if path not in changing
    }


def check_frozen(
    session: Session, plan: PhasePlan, before: Mapping[str, str], after: Mapping[str, str]
) -> dict[str, Any]:
    """Return the proof for the manifest; raise PromiseError when a frozen variable changed."""
    changed = [path for path in before if before[path] != after.get(path)]
    if changed:
        raise PromiseError(
            f"phase {plan.phase.name}: {len(changed)} frozen variables changed while training, first {changed[0]}; "
            "the result must not be trusted. Please report this with the run directory"
        )
    variables = session.variables
    combined = hashlib.sha256("".join(f"{path}{digest}" for path, digest in sorted(after.items())).encode())
    return {
        "variables": len(after),
        "bytes": sum(variable_bytes(variables[path]) for path in after),
        "sha256": combined.hexdigest(),
        "changed": changed,
        "before": dict(before),
        "after": dict(after),
    }


def distances(session: Session, plan: PhasePlan, before: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Return how far each trained unit moved: L2 distance relative to its norm before.

    Raises PromiseError for a unit said to train of which no variable moved, except where a solver found a head at its
    optimum already.
    """
    moved = measure_distances(session, plan.trained, before)
    for unit, distance in moved.items():
        if distance == 0 and plan.unit_factors[unit] > 0 and not plan.phase.is_solved:
            raise PromiseError(
                f"phase {plan.phase.name}: unit {unit} was said to train and did not move; is its learning rate "
                f"({plan.phase.rate_policy.peak * plan.unit_factors[unit]:g}) too small for float32, or its "
                "gradient zero?"
            )
    return moved


def updates(session: Session, plan: PhasePlan, before: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Return how many moving statistics were to be updated, and how far those of each unit moved, as `distances`.

    Raises PromiseError for a unit of which none moved.
    """
    moved = measure_distances(session, plan.selection.statistics, before)
    for unit, distance in moved.items():
        if distance == 0:
            raise PromiseError(
                f"phase {plan.phase.name}: the BatchNorm statistics of unit {unit} were said to be updated "
                f'("batch_norm": "{plan.phase.batch_norm}") and did not move; is the momentum of its layers 1?'
            )
    return {"variables": len(plan.selection.statistics), "moved": moved}
