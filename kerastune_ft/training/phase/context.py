"""What a phase needs to know of the run it belongs to."""

from __future__ import annotations

from dataclasses import dataclass

from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.features.feed import LatestFeed
from kerastune_ft.training.interrupts import StopRequest
from kerastune_ft.training.plan.phase_plan import Plan
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.watch import Watch


@dataclass(frozen=True)
class Around:
    """What surrounds a phase: the run it belongs to."""

    session: Session
    plan: Plan
    run: RunDirectory
    watch: Watch
    stop: StopRequest
    latest: LatestFeed
