"""The schedule: phase after phase, then evaluation and the saved model, each step going on where it was left."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.checkpoint import read_end, read_variables
from kerastune_ft.training.left_weights import is_discarded
from kerastune_ft.training.lost_files import naming_lost_files
from kerastune_ft.training.phase.context import RunContext
from kerastune_ft.training.phase.fit_memory import fit_memory
from kerastune_ft.training.phase.phase import train_phase
from kerastune_ft.training.phase.prepare import set_dropout
from kerastune_ft.training.plan.phase_plan import PhasePlan
from kerastune_ft.training.solving.solve import solve_phase


def run_phases(context: RunContext, until: str | None = None) -> Iterator[dict[str, Any]]:
    """Yield the result of every phase, training only those the run has not finished.

    Afterwards the session's variables hold the last phase's best epoch. `until` names the last phase to train; phases
    after it that the run has finished already stay what they are.
    """
    to_train = [phase.index for phase in context.plan.phases if result_of(context.run, phase) is None]
    for phase in context.plan.phases:
        result = result_of(context.run, phase)
        if result is None:
            set_weights(context, phase)
            with naming_lost_files(phase.noise):
                result = _train(context, phase)
        yield result
        if phase.phase.name == until and any(index > phase.index for index in to_train):
            break
    load_best(context, phase)
    # The saved model has it, whichever process trained the phase.
    set_dropout(context.session, phase)


def _train(context: RunContext, phase: PhasePlan) -> dict[str, Any]:
    """Train a phase, or set its head by a solver, and return its result."""
    kept = _changed_so_far(context, phase)
    if phase.phase.is_solved:
        return solve_phase(context, phase, kept)
    fitted, prepared = fit_memory(context, phase)
    return train_phase(context, fitted, kept, prepared)


def result_of(run: RunDirectory, phase: PhasePlan) -> dict[str, Any] | None:
    """Return the result of a phase the run has finished, else None."""
    name = f"{phase.folder}/result.json"
    return run.read_json(name) if run.exists(name) else None


def load_best(context: RunContext, phase: PhasePlan) -> None:
    """Set the session's variables to what a finished phase left: its best epoch, unless that was discarded."""
    session = context.session
    session.assign(session.origin)
    session.assign(read_variables(context.run, f"{phase.folder}/best.safetensors", session.source_hash))


def _changed_so_far(context: RunContext, phase: PhasePlan) -> tuple[str, ...]:
    changed = {path for earlier in context.plan.phases[: phase.index + 1] for path in earlier.changing}
    return tuple(path for path in context.session.variables if path in changed)


def set_weights(context: RunContext, phase: PhasePlan) -> None:
    """Set the weights a phase starts from.

    `best` and `last` are the previous phase's, or what it began with where its own were discarded; `pretrained` takes
    the backbone from its source and the head from what the previous phase left.
    """
    session = context.session
    if phase.index == 0:
        session.assign(session.origin)
        return
    previous = context.plan.phases[phase.index - 1]
    load_best(context, previous)
    if phase.phase.start_from == "last" and not is_discarded(result_of(context.run, previous) or {}):
        session.assign(read_end(context.run, previous.folder, session.source_hash).tensors.final)
    elif phase.phase.start_from == "pretrained":
        session.assign({variable.path: session.origin[variable.path] for variable in session.backbone.variables})
