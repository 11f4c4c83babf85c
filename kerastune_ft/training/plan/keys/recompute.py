"""What `runtime.recompute` makes of a phase: blocks whose activations are computed again for their gradients."""

from __future__ import annotations

from collections.abc import Sequence

from kerastune_ft.errors import ConfigError
from kerastune_ft.graph.rebuild import segments
from kerastune_ft.training.plan.phase_plan import PhasePlan
from kerastune_ft.training.session.session import Session


def number_blocks(session: Session) -> dict[str, int]:
    """Return the number of the unit of each layer, by the name of the layer."""
    return {layer.name: number for number, unit in enumerate(session.units) for layer in unit.layers}


def count_segments(session: Session, plan: PhasePlan) -> int:
    """Return the segments that the tail of a phase is computed in; 1 where all of it is kept."""
    if plan.phase.is_solved:
        return 1
    return segments.count(session.task.trim(plan.partition.tail), number_blocks(session))


def check_recompute(session: Session, phases: Sequence[PhasePlan]) -> None:
    """Raise ConfigError where activations cannot be computed again alike, or where no phase would do so."""
    if not session.config.runtime.recompute:
        return
    place = "runtime.recompute"
    cut = [plan for plan in phases if count_segments(session, plan) > 1]
    if not cut:
        raise ConfigError(f"{place}: it has no effect, since no phase trains more than one block; remove it")
    for plan in cut:
        if plan.selection.statistics:
            raise ConfigError(
                f"{place}: phase {plan.phase.name} updates the statistics of BatchNorm, and would do so twice for each "
                'batch; give "batch_norm": "frozen", or remove it'
            )
    if session.unaddressed:
        raise ConfigError(
            f"{place}: {', '.join(session.unaddressed)} would draw other random numbers when computed again; remove it"
        )


def notes(session: Session, phases: Sequence[PhasePlan]) -> list[str]:
    """Return what a plan says of it, by phase."""
    if not session.config.runtime.recompute:
        return []
    found = []
    for plan in phases:
        number = count_segments(session, plan)
        what = (
            f"activations of {number - 1} of {number} blocks are computed twice, instead of being kept for gradients"
            if number > 1
            else "recompute has no effect, since it trains one block at most"
        )
        found.append(f"phase {plan.phase.name}: {what}")
    return found
