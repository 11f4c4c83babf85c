"""Phases that a configuration leaves to measurements: chosen once, and from then on those of the run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from kerastune_ft.config.options.phases import Phase
from kerastune_ft.config.read import read
from kerastune_ft.config.run import RunConfig
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.interrupts import StopRequest
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.watch import Watcher

ChoosePhases = Callable[[Session, RunConfig, str, Watcher, StopRequest], tuple[Sequence[Phase], Mapping[str, Any]]]
"""Returns phases chosen by measurement, and what was measured, as plan.json has it. It takes the session, the
configuration and its hash, who is told of it, and who may stop it."""


class Reporting(Watcher):
    """Gives notes to a function that takes lines."""

    def __init__(self, report: Callable[[str], None]) -> None:
        """`report` takes one line."""
        self._report = report

    def note(self, text: str) -> None:
        """Report a note."""
        self._report(text)


def settle_phases(
    target: RunDirectory,
    session: Session,
    config: RunConfig,
    config_hash: str,
    watch: Watcher,
    stop: StopRequest,
    choose: ChoosePhases | None,
) -> tuple[Session, RunConfig, Mapping[str, Any] | None]:
    """Return session and configuration with the phases of the run, and what was measured if they were chosen.

    A run that has its plan goes on with the phases of that; else `choose` chooses them where they are left to it.
    """
    if config.auto is None:
        return session, config, None
    phases: Sequence[Phase]
    if target.exists("plan.json"):
        phases = RunConfig.model_validate(read(target.read_json("config.json"))).phases
        chosen = target.read_json("plan.json").get("auto")
    elif config.awaits_choice and choose is not None:
        phases, chosen = choose(session, config, config_hash, watch, stop)
    else:
        return session, config, None
    return with_phases(session, phases), config.with_choice(phases), chosen


def with_phases(session: Session, phases: Sequence[Phase]) -> Session:
    """Return the session of a configuration whose phases were left to measurements, with those that were chosen."""
    return replace(session.with_phases(phases), config=session.config.with_choice(phases))
