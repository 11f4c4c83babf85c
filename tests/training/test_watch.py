"""Watchers observe a run: none can end it or change what it goes on with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.watch import STATE_FILE, Watcher, Watchers

EVENTS: dict[str, tuple[Any, ...]] = {
    "run_started": ("runs/a", {"seed": 1}, {"phases": []}),
    "note": ("a sentence",),
    "phase_started": ({"name": "head"}, 3),
    "step_done": (4, 0.5),
    "epoch_done": ({"epoch": 1}, True),
    "phase_done": ({"name": "head"},),
    "part_done": ("seed_0_fold_1", "runs/a/folds/seed_0_fold_1"),
    "work": ("evaluating test", 1, 2),
    "add_time": ("features", 1.5),
    "run_done": ("done", "", {"test": {"loss": 0.5}}),
    "close": (),
}


class Recorder(Watcher):
    """Keeps every event with its values, and fails in one of them where asked to."""

    def __init__(self, fails_in: str = "") -> None:
        self.events: list[tuple[str, tuple[Any, ...]]] = []
        for event in EVENTS:
            setattr(self, event, self._receiver(event, event == fails_in))

    def _receiver(self, event: str, fails: bool) -> Any:
        def receive(*values: Any) -> None:
            self.events.append((event, values))
            if fails:
                raise RuntimeError("no connection")

        return receive

    def texts(self) -> list[str]:
        return [values[0] for event, values in self.events if event == "note"]


def send_all(watch: Watcher) -> None:
    for event, values in EVENTS.items():
        getattr(watch, event)(*values)


def test_every_watcher_receives_every_event() -> None:
    first, second = Recorder(), Recorder()
    send_all(Watchers({"first": first, "second": second}))
    assert first.events == second.events == list(EVENTS.items())


def test_the_table_of_this_test_holds_every_event() -> None:
    own = {name for name in vars(Watcher) if not name.startswith("_")}
    assert own - {"state", "restore"} == set(EVENTS)
    assert {name for name in vars(Watchers) if not name.startswith("_")} == own


@pytest.mark.parametrize("event", [event for event in EVENTS if event != "close"])
def test_an_error_becomes_one_note_and_the_others_go_on(event: str) -> None:
    failing, other = Recorder(event), Recorder()
    send_all(Watchers({"failing": failing, "other": other}))
    said = "the watcher failing failed and receives no further events (RuntimeError: no connection); the run goes on"
    assert other.texts().count(said) == 1
    assert [name for name, _ in other.events if name != "note"] == [name for name in EVENTS if name != "note"]
    received = [name for name, _ in failing.events]
    assert received == [*list(EVENTS)[: list(EVENTS).index(event) + 1], "close"], "closed all the same"


def test_all_may_fail() -> None:
    send_all(Watchers({"first": Recorder("note"), "second": Recorder("note"), "third": Recorder("close")}))


def test_no_watcher_changes_what_the_run_and_others_see() -> None:
    class Meddler(Watcher):
        def epoch_done(self, row: Mapping[str, Any], is_best: bool) -> None:
            assert isinstance(row, dict)
            row["validation_loss"] = 0.0

    other = Recorder()
    row = {"epoch": 1, "validation_loss": 0.5}
    Watchers({"meddler": Meddler(), "other": other}).epoch_done(row, False)
    assert row["validation_loss"] == 0.5
    assert other.events[0][1][0]["validation_loss"] == 0.5


class Counter(Watcher):
    """Counts epochs, over interruptions too."""

    def __init__(self, answer: Any = None) -> None:
        self.epochs, self.answer = 0, answer
        self.restored_before_start = False

    def state(self) -> Mapping[str, Any]:
        return {"epochs": self.epochs if self.answer is None else self.answer}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.epochs = state["epochs"]

    def run_started(self, directory: str, config: Mapping[str, Any], plan: Mapping[str, Any]) -> None:
        self.restored_before_start = self.epochs > 0

    def epoch_done(self, row: Mapping[str, Any], is_best: bool) -> None:
        self.epochs += 1


def test_states_survive_a_resume(tmp_path: Path) -> None:
    run, first = RunDirectory(tmp_path), Counter()
    watch = Watchers({"counter": first, "silent": Watcher()}, run)
    watch.run_started("a", {}, {})
    assert not first.restored_before_start
    watch.epoch_done({}, True)
    watch.phase_done({})
    assert run.read_json(STATE_FILE) == {"counter": {"epochs": 1}}

    second = Counter()
    again = Watchers({"counter": second}, run)
    again.run_started("a", {}, {})
    assert second.restored_before_start
    again.epoch_done({}, True)
    again.run_done("done", "", {})
    assert run.read_json(STATE_FILE) == {"counter": {"epochs": 2}}


def test_a_watcher_that_fails_keeps_its_last_state(tmp_path: Path) -> None:
    run, recorder = RunDirectory(tmp_path), Recorder()
    run.commit(STATE_FILE, json.dumps({"gone": {"id": "x"}, "odd": {"epochs": 7}}))
    watch = Watchers({"odd": Counter(answer=object()), "recorder": recorder}, run)
    watch.run_started("a", {}, {})
    assert run.read_json(STATE_FILE) == {"gone": {"id": "x"}, "odd": {"epochs": 7}}
    assert "the watcher odd failed" in recorder.texts()[0]


def test_without_states_no_file_is_written(tmp_path: Path) -> None:
    send_all(Watchers({"recorder": Recorder()}, RunDirectory(tmp_path)))
    assert list(tmp_path.iterdir()) == []
