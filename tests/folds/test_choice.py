"""Phases left to measurements: chosen for each member on examples that are not in its fold."""

from __future__ import annotations

import json
from typing import Any

from kerastune_ft.config.options.phases import Phase
from kerastune_ft.config.read import read
from kerastune_ft.folds.choice import Schedule, choose_schedules
from kerastune_ft.folds.division import Fold
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
