"""The schedules of members whose phases are left to measurements: each chosen by what its member trains on alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kerastune_ft.config.options.phases import Phase
from kerastune_ft.config.run import RunConfig
from kerastune_ft.folds.division import Fold
from kerastune_ft.training.interrupts import StopRequest
from kerastune_ft.training.session.choice import ChoosePhases, Reporting, with_phases
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.watch import Watcher
from kerastune_ft.wording import counted


@dataclass(frozen=True)
class Schedule:
    """The phases that a member trains."""

    phases: tuple[Phase, ...]
    chosen: Mapping[str, Any] | None = None
    """What was measured, where they were chosen by it."""

    def apply_to(self, session: Session) -> Session:
        """Return the session with these phases, which are vouched for as its own where `auto` stands for them."""
        return session if session.config.auto is None else with_phases(session, self.phases)

    def to_json(self) -> dict[str, Any]:
        """Return the schedule as plan.json has it."""
        return {"phases": [phase.to_json() for phase in self.phases], "auto": self.chosen}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Schedule:
        """Return the schedule that `to_json` described."""
        return cls(tuple(map(Phase.model_validate, document["phases"])), document["auto"])


def choose_schedules(
    config: RunConfig,
    digest: str,
    folds: Sequence[Fold],
    open_session: Callable[[Fold], Session],
    choose: ChoosePhases,
    watch: Watcher,
    stop: StopRequest,
) -> dict[str, Schedule]:
    """Return by place the schedule of every fold, chosen by measurements on what is not in the fold.

    `open_session` returns a session whose training and validation splits have no example of a fold; `digest` is the
    hash of the cross-validation. What was measured before an interruption is not measured again.
    """
    found = {}
    watch.note(
        f"choosing phases for {counted(len(folds), 'model')}, each by a validation split of its own among what it "
        "trains on: no example of a fold has a part in the phases of the model that is measured on it"
    )
    for fold in folds:
        stop.honour()
        session = open_session(fold)
        said = Reporting(_ignore)
        phases, chosen = choose(session, config, f"{digest} {fold.place}", said, stop)
        names = ", ".join(phase.name for phase in phases)
        watch.note(f"phases of {fold.place}: {names}")
        found[fold.place] = Schedule(tuple(phases), chosen)
    return found


def _ignore(text: str) -> None:
    """Take what was measured, which plan.json of the member has."""
