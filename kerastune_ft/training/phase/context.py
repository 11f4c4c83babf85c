"""The run that a phase belongs to: everything a phase uses that outlives it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.features.feed import PhaseFeed
from kerastune_ft.training.interrupts import StopRequest
from kerastune_ft.training.plan.phase_plan import PhasePlan, Plan
from kerastune_ft.training.profiling.clock import OFF, Clock
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.updates.step import PhaseStep
from kerastune_ft.training.watch import Watcher


@dataclass
class RunContext:
    """The run that a phase belongs to."""

    session: Session
    plan: Plan
    run: RunDirectory
    watch: Watcher
    stop: StopRequest
    feed: PhaseFeed
    prepare: Callable[[RunContext, PhasePlan], Any] | None = None
    """What prepares a phase, where steps that were compiled for other schedules are taken; None prepares it anew."""
    clock: Clock = OFF
    """Who measures where the time goes."""
    compiled: tuple[int, PhaseStep] | None = None
    """The compiled step of the phase trained last in this process, with the number of that phase."""

    def step_of(self, phase: PhasePlan) -> PhaseStep | None:
        """Return the compiled step of a phase, or None where this process has not trained it last."""
        return self.compiled[1] if self.compiled is not None and self.compiled[0] == phase.index else None
