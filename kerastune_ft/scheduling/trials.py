"""Short trainings of one phase from the head of a linear probe, measured on validation."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from kerastune_ft.config.options.phases import Phase
from kerastune_ft.errors import DivergedError
from kerastune_ft.probing.features import SPLITS
from kerastune_ft.probing.probe import Probe
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.features.feed import PhaseFeed
from kerastune_ft.training.interrupts import StopRequest
from kerastune_ft.training.loop import run_phases
from kerastune_ft.training.phase.context import RunContext
from kerastune_ft.training.phase.evaluate import evaluate_split
from kerastune_ft.training.phase.prepare import build_step
from kerastune_ft.training.plan import build as planning
from kerastune_ft.training.plan.phase_plan import Plan
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.watch import Watcher
from kerastune_ft.trials.reuse import StepReuse

_OUTPUT_LAYER = "head_output"


@dataclass(frozen=True)
class Trained:
    """What a short training came to on validation, at its best epoch."""

    metrics: dict[str, float]
    """As history.csv names them."""
    losses: list[float]
    """The loss of every example, in the order of the split."""


def for_measuring(session: Session) -> Session:
    """Return the session without its test split, which no measurement reads, and without what only runs record."""
    source = copy.copy(session.source)
    source.splits = {split: session.source.splits[split] for split in SPLITS}
    output = session.config.output.model_copy(update={"gradient_norms": False})
    return replace(session, source=source, config=session.config.model_copy(update={"output": output}))


def start_from(session: Session, probe: Probe) -> Session:
    """Return the session whose variables begin with the head of a probe in place of the drawn one."""
    layer = session.model.get_layer(_OUTPUT_LAYER)
    head = {layer.kernel.path: probe.kernel, layer.bias.path: probe.bias}
    return replace(session, origin={**session.origin, **{key: value.astype(np.float32) for key, value in head.items()}})


def plan_trial(session: Session, phase: Mapping[str, Any]) -> Plan:
    """Return the plan of a schedule of this phase alone."""
    return planning.make(session.with_phases([Phase.model_validate(dict(phase))]))


def run_trial(
    session: Session, phase: Mapping[str, Any], folder: Path, watch: Watcher, stop: StopRequest, reuse: StepReuse
) -> Trained:
    """Train a phase from the session's first values and return what its best epoch gives on validation.

    A trial that was interrupted goes on where it stopped, in the same folder, which is removed at its end. The
    variables of the session then have its first values. `reuse` has what was compiled for trials of other rates.
    Raises DivergedError at NaN or infinity.
    """
    trial = session.with_phases([Phase.model_validate(dict(phase))])
    plan = planning.make(trial)
    with PhaseFeed() as feed:
        context = RunContext(trial, plan, RunDirectory(folder), _Notes(watch), stop, feed, reuse.prepare)
        try:
            (result,) = list(run_phases(context))
            losses = _measure_losses(context)
        except DivergedError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
    session.assign(session.origin)
    shutil.rmtree(folder, ignore_errors=True)
    return Trained({name: float(value) for name, value in result["best"].items()}, losses)


def _measure_losses(context: RunContext) -> list[float]:
    """Return the loss of every validation example with the session's values as they are."""
    session, (phase,) = context.session, context.plan.phases
    step = context.step_of(phase) or build_step(session, phase, None)
    feed = context.feed.for_phase(session, context.plan, phase, context.watch)
    found = evaluate_split(step, session.devices, feed, session.source.splits["validation"], phase.batch_size)
    return [float(loss) for loss in session.task.sample(found.measured).means["loss"]]


class _Notes(Watcher):
    """Passes on what is stored and how far that is; epochs of a trial, and what was stored before, are not shown."""

    def __init__(self, watch: Watcher) -> None:
        self._watch = watch

    def note(self, text: str) -> None:
        if not text.endswith("were stored before"):
            self._watch.note(text)

    def work(self, what: str, done: int, total: int) -> None:
        self._watch.work(what, done, total)

    def add_time(self, part: str, seconds: float) -> None:
        self._watch.add_time(part, seconds)
