"""The schedule: phase after phase, then evaluation and the saved model, each step going on where it was left."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.checkpoint import read_end, read_variables
from kerastune_ft.training.phase.context import Around
from kerastune_ft.training.phase.phase import PhaseTraining
from kerastune_ft.training.plan.phase_plan import PhasePlan


def run_phases(around: Around, until: str | None = None) -> Iterator[dict[str, Any]]:
    """Yield the result of every phase, training only those the run has not finished.

    Afterwards the session's variables hold the last phase's best epoch. `until` names the last phase to train; phases
    after it that the run has finished already stay what they are.
    """
    to_train = [phase.index for phase in around.plan.phases if finished(around.run, phase) is None]
    for phase in around.plan.phases:
        result = finished(around.run, phase)
        if result is None:
            _place(around, phase)
            kept = _kept(around, phase)
            result = PhaseTraining(around, phase, kept).train()
        yield result
        if phase.phase.name == until and any(index > phase.index for index in to_train):
            break
    load_best(around, phase)


def finished(run: RunDirectory, phase: PhasePlan) -> dict[str, Any] | None:
    """Return the result of a phase the run has finished, else None."""
    name = f"{phase.folder}/result.json"
    return run.read_json(name) if run.exists(name) else None


def load_best(around: Around, phase: PhasePlan) -> None:
    """Set the session's variables to the best epoch of a finished phase."""
    session = around.session
    session.assign(session.origin)
    session.assign(read_variables(around.run, f"{phase.folder}/best.safetensors", session.source_hash))


def _kept(around: Around, phase: PhasePlan) -> tuple[str, ...]:
    changed = {path for earlier in around.plan.phases[: phase.index + 1] for path in earlier.changing}
    return tuple(path for path in around.session.variables if path in changed)


def _place(around: Around, phase: PhasePlan) -> None:
    """Set the weights a phase starts from.

    `best` and `last` are the previous phase's; `pretrained` takes the backbone from its source and the head from the
    previous phase's best epoch.
    """
    session = around.session
    if phase.index == 0:
        session.assign(session.origin)
        return
    previous = around.plan.phases[phase.index - 1]
    load_best(around, previous)
    if phase.phase.start_from == "last":
        session.assign(read_end(around.run, previous.folder, session.source_hash).tensors.variables)
    elif phase.phase.start_from == "pretrained":
        session.assign({variable.path: session.origin[variable.path] for variable in session.backbone.variables})
