"""Phases left to measurements: chosen for each member on examples that are not in its fold."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kerastune_ft.config.options.phases import Phase
from kerastune_ft.config.read import read
from kerastune_ft.config.run import RunConfig
from kerastune_ft.folds.choice import Schedule, choose_schedules
from kerastune_ft.folds.division import Fold
from kerastune_ft.folds.member import Member, make_session
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.interrupts import StopRequest
from kerastune_ft.training.watch import Watcher

DOCUMENT = {
    "task": {"kind": "image_classification"},
    "data": {"kind": "folder", "path": "photos"},
    "backbone": {"kind": "applications", "name": "MobileNet"},
    "phases": "auto",
}


def make_phase(name: str) -> Phase:
    return Phase.model_validate({"name": name, "unfreeze": "none", "epochs": 2, "learning_rate": 0.1})


def test_every_member_has_its_own_choice_by_what_it_is_given() -> None:
    config, asked = read(DOCUMENT), []

    def choose(session: Any, *others: Any) -> tuple[list[Phase], dict[str, Any]]:
        asked.append((session, others[1]))
        return [make_phase(f"of_{session}")], {"measured": [session]}

    folds = [Fold(0, 0), Fold(0, 1)]
    found = choose_schedules(
        config, "digest", folds, lambda fold: fold.number, choose, Watcher(), StopRequest()  # type: ignore[arg-type]
    )  # fmt: skip
    # What is measured is kept under a name of its own, so that no member takes another one's.
    assert asked == [(0, "digest seed_0_fold_0"), (1, "digest seed_0_fold_1")]
    assert [each.phases[0].name for each in found.values()] == ["of_0", "of_1"]
    assert list(found) == ["seed_0_fold_0", "seed_0_fold_1"]


def test_a_schedule_is_read_as_it_was_written() -> None:
    schedule = Schedule((make_phase("head"),), {"measured": []})
    assert Schedule.from_json(json.loads(json.dumps(schedule.to_json()))) == schedule


def test_the_configuration_of_a_member_vouches_for_the_phases_that_it_has(tmp_path: Path) -> None:
    @dataclass(frozen=True)
    class Configured:
        """What of a session a schedule changes."""

        config: RunConfig
        source: Any = None

        def with_phases(self, phases: Sequence[Phase]) -> Configured:
            return replace(self, config=self.config.model_copy(update={"phases": tuple(phases)}))

    asked = read(DOCUMENT)
    given = asked.with_choice([make_phase("given")])
    member = Member(Fold(1, 0), RunDirectory(str(tmp_path)))
    for base, phase in ((asked, make_phase("of_fold")), (given, given.phases[0])):
        made: Any = make_session(Configured(base), None, member, Schedule((phase,)))  # type: ignore[arg-type]
        written = read(made.config.to_json())
        assert written.phases == (phase,) and written.seed == 1 and not written.awaits_choice
