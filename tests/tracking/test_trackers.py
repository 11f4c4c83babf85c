"""A tracker is one file and its row in the table: it receives what a run reports and cannot end it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import kerastune_ft
from kerastune_ft.config.checks import availability
from kerastune_ft.errors import ConfigError
from kerastune_ft.tracking import trackers
from kerastune_ft.training.watch import Watcher
from tests.support.tiny_run import document, write_data
from tests.support.trained_runs import small_backbone


class Tracker(Watcher):
    """Keeps the names of what it received, and how many phases of the run it has seen over all calls."""

    def __init__(self) -> None:
        self.received: list[str] = []
        self.phases: list[str] = []
        self.metrics: Mapping[str, Any] = {}

    def state(self) -> Mapping[str, Any]:
        return {"phases": self.phases}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.received.append("restore")
        self.phases = list(state["phases"])

    def run_started(self, directory: str, config: Mapping[str, Any], plan: Mapping[str, Any]) -> None:
        assert config["name"] == plan["name"] == "tiny"
        self.received.append("run_started")

    def phase_started(self, phase: Mapping[str, Any], done_steps: int) -> None:
        self.received.append(f"phase_started {phase['name']} {done_steps}")

    def epoch_done(self, row: Mapping[str, Any], is_best: bool) -> None:
        self.received.append(f"epoch_done {row['epoch']}")

    def phase_done(self, result: Mapping[str, Any]) -> None:
        self.phases.append(result["name"])
        self.received.append("phase_done")

    def run_done(self, state: str, message: str, metrics: Mapping[str, Any]) -> None:
        self.metrics = metrics
        self.received.append(f"run_done {state}")

    def close(self) -> None:
        self.received.append("close")


class FailingTracker(Tracker):
    def epoch_done(self, row: Mapping[str, Any], is_best: bool) -> None:
        raise ConnectionError("the server is gone")


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Callable[[type[Tracker]], list[Tracker]]:
    """Deliver a tracker called `dummy`: its file, its row in the table, and no row in the list of what comes later."""

    def deliver(kind: type[Tracker]) -> list[Tracker]:
        made: list[Tracker] = []

        def open_tracker() -> Watcher:
            made.append(kind())
            return made[-1]

        module = ModuleType("dummy_tracker")
        vars(module)["open_tracker"] = open_tracker
        monkeypatch.setitem(sys.modules, "dummy_tracker", module)
        monkeypatch.setitem(trackers.TRACKERS, "dummy", "dummy_tracker")
        rows = tuple(row for row in availability.UNAVAILABLE if row.pattern != "output.trackers")
        monkeypatch.setattr(availability, "UNAVAILABLE", rows)
        return made

    return deliver


def configuration(folder: Path) -> dict[str, Any]:
    made = document(write_data(folder / "data.npz")) | {"backbone": small_backbone(folder)}
    made["defaults"] |= {"epochs": 1}
    made["output"] = {"trackers": ["dummy"]}
    return made


def test_a_tracker_receives_the_run_and_its_state_over_a_resume(
    opened: Callable[[type[Tracker]], list[Tracker]], tmp_path: Path
) -> None:
    made, config, run_dir = opened(Tracker), configuration(tmp_path), tmp_path / "run"
    kerastune_ft.run(config, run_dir, until_phase="head")
    assert made[0].received == [
        "run_started", "phase_started head 0", "epoch_done 1", "phase_done", "run_done interrupted", "close",
    ]  # fmt: skip
    run = kerastune_ft.run(config, run_dir)
    assert made[1].received == [
        "restore", "run_started", "phase_started top 0", "epoch_done 1", "phase_done", "run_done done", "close",
    ]  # fmt: skip
    assert made[1].phases == ["head", "top"]
    assert made[1].metrics == run.metrics
    assert [finding for check in kerastune_ft.verify(run_dir).checks for finding in check.findings] == []


def test_a_tracker_that_fails_costs_one_note(
    opened: Callable[[type[Tracker]], list[Tracker]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = opened(FailingTracker)
    run = kerastune_ft.run(configuration(tmp_path), tmp_path / "run")
    assert run.metrics["test"]["loss"] > 0
    assert capsys.readouterr().err.count("the watcher dummy failed") == 1
    assert (tmp_path / "run" / "log.txt").read_text().count("ConnectionError: the server is gone") == 1
    assert made[0].received[-1] == "close"


def test_a_tracker_that_is_not_there_yet_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"output.*trackers.*not available in this version"):
        kerastune_ft.run(configuration(tmp_path), tmp_path / "run")
