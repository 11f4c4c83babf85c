"""Phases that were chosen are those of the run from then on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.config.read import read
from kerastune_ft.config.run import config_hash
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.interrupts import StopRequest
from kerastune_ft.training.session.choice import Reporting, settle_phases
from kerastune_ft.training.session.session import Session
from kerastune_ft.training.watch import Watcher
from tests.support.probe_sessions import image_document, open_session

OTHER = [{"name": "only", "unfreeze": "none", "epochs": 2, "learning_rate": 0.01}]


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    made = image_document(tmp_path_factory.mktemp("choice"))
    made["defaults"].pop("epochs")
    return {**made, "phases": "auto"}


@pytest.fixture(scope="module")
def session(asked: dict[str, Any]) -> Session:
    return open_session(asked)


def settle(target: RunDirectory, session: Session, asked: dict[str, Any], choose: Any) -> Any:
    config = read(asked)
    return settle_phases(target, session, config, config_hash(config), Watcher(), StopRequest(), choose)


def test_a_new_run_chooses_and_one_with_a_plan_obeys(tmp_path: Path, session: Session, asked: dict[str, Any]) -> None:
    target = RunDirectory(tmp_path)
    phases = read({**asked, "phases": OTHER}).phases
    own, config, chosen = settle(target, session, asked, lambda *args: (phases, {"measured": ["a"]}))
    assert [phase.name for phase in own.config.phases] == ["only"] and chosen == {"measured": ["a"]}
    assert config_hash(config) == config_hash(read(asked)) and not config.awaits_choice
    target.commit_json("config.json", config.to_json())
    target.commit_json("plan.json", {"auto": chosen})
    again = settle(target, session, asked, lambda *args: pytest.fail("chosen again"))
    assert again[1].phases == phases and again[2] == chosen


def test_written_phases_are_left_alone(tmp_path: Path, session: Session, asked: dict[str, Any]) -> None:
    written = {**asked, "phases": OTHER}
    own, config, chosen = settle(RunDirectory(tmp_path), session, written, None)
    assert own is session and config == read(written) and chosen is None


def test_notes_go_to_a_function() -> None:
    lines: list[str] = []
    watch = Reporting(lines.append)
    watch.note("one")
    watch.work("storing", 1, 2)
    assert lines == ["one"]
