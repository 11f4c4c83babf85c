"""Every step is written once: over kills, failures of the tracker, and phases that begin again."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.rundir import RunDirectory
from kerastune_ft.tracking import run_tracker
from kerastune_ft.tracking.event_file import read_records
from kerastune_ft.tracking.run_tracker import RunTracker
from kerastune_ft.tracking.tensorboard import EventFiles
from tests.support.tracked import CONFIG, PHASES, PLAN, Kept, finish_phase, make_row


def begin(run: RunDirectory, sink: Any, said: list[str], kind: str = "kept") -> RunTracker:
    tracker = RunTracker(kind, sink, run, said.append)
    tracker.run_started(str(run.path), CONFIG, PLAN)
    return tracker


def train(tracker: RunTracker, run: RunDirectory, phase: str, epochs: range, losses: float = 0.5) -> None:
    for epoch in epochs:
        row = make_row(phase, epoch, 3 * epoch, losses)
        run.event("epoch", **row)
        tracker.epoch_done(row, False)


def steps(sink: Kept, tag: str = "train/loss") -> list[int]:
    return [step for step, name, _ in sink.kept["figures"] if name == tag]


def test_a_killed_run_goes_on_in_the_same_place_with_every_step_once(tmp_path: Path) -> None:
    run, said, kept = RunDirectory(tmp_path), list[str](), Kept()
    files = EventFiles(run, "tensorboard")
    for sink, kind in ((kept, "kept"), (files, "tensorboard")):
        first = begin(run, sink, said, kind)
        first.phase_started(PHASES[0], 0)
        train(first, run, "head", range(1, 3))
    # Killed: the checkpoint is that of epoch 1, and a record of the second one is torn.
    (name,) = run.list_files("tensorboard")
    run.append_bytes(f"tensorboard/{name}", b"torn")
    again, other = Kept(kept.kept), EventFiles(run, "tensorboard")
    for sink, kind in ((again, "kept"), (other, "tensorboard")):
        second = begin(run, sink, said, kind)
        second.phase_started(PHASES[0], 3)
        train(second, run, "head", range(2, 4))
        finish_phase(run, PHASES[0], 9)
        second.phase_started(PHASES[1], 0)
        train(second, run, "top", range(1, 2))
        finish_phase(run, PHASES[1], 3)
        run.commit_json("metrics.json", {"test": {"accuracy": 1.0}})
        run.commit("config.json", "{}")
        second.run_done("done", "", {"test": {"accuracy": 1.0}})
    assert steps(again) == [3, 6, 9, 12]
    assert steps(again, "final/test/accuracy") == [12]
    assert again.kept["begun"].identity == {"run": "first"}
    assert (again.kept["files"], again.kept["states"]) == (["config.json"], ["done"])
    records = [
        record
        for file in run.list_files("tensorboard")
        for record in read_records(run.read_bytes(f"tensorboard/{file}"))
    ]
    assert [record.step for record in records if "train/loss" in record.tags] == [3, 6, 9, 12]
    assert sum("phase/head" in record.tags for record in records) == 1
    assert said == []


def test_a_tracker_that_fails_is_said_once_and_gets_what_it_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, said, sink = RunDirectory(tmp_path), list[str](), Kept(fails=True)
    clock = itertools.count(0, 10)
    monkeypatch.setattr(run_tracker.time, "monotonic", lambda: float(next(clock)))
    tracker = begin(run, sink, said)
    tracker.phase_started(PHASES[0], 0)
    train(tracker, run, "head", range(1, 6))
    assert len(said) == 1 and "kept could not be written to and is tried again (ConnectionError: the se" in said[0]
    sink.fails = False
    train(tracker, run, "head", range(6, 12))
    assert steps(sink) == [3 * epoch for epoch in range(1, 12)]
    assert said[1:] == ["the tracker kept is written to again, with what waited"]


@pytest.mark.parametrize("error", [ConnectionError, SystemExit])
def test_a_tracker_that_fails_to_the_end_ends_nothing(tmp_path: Path, error: type[BaseException]) -> None:
    run, said, sink = RunDirectory(tmp_path), list[str](), Kept(fails=True, error=error)
    tracker = begin(run, sink, said)
    tracker.phase_started(PHASES[0], 0)
    train(tracker, run, "head", range(1, 3))
    tracker.run_done("interrupted", "why", {})
    assert (sink.kept["figures"], len(said)) == ([], 1)
    # The next process writes what this one could not.
    sink.fails = False
    second = begin(run, sink, said)
    second.phase_started(PHASES[0], 6)
    assert steps(sink) == [3, 6]


def test_a_phase_that_diverged_is_written_anew(tmp_path: Path) -> None:
    run, said, sink = RunDirectory(tmp_path), list[str](), EventFiles(RunDirectory(tmp_path), "tensorboard")
    tracker = begin(run, sink, said, "tensorboard")
    tracker.phase_started(PHASES[0], 0)
    train(tracker, run, "head", range(1, 3), 99.0)
    tracker.step_done(1, 0.9)
    train(tracker, run, "head", range(1, 2))
    (file,) = run.list_files("tensorboard")
    records = list(read_records(run.read_bytes(f"tensorboard/{file}")))
    assert [record.step for record in records if "train/loss" in record.tags] == [3]


def test_folds_are_written_once_under_their_names(tmp_path: Path) -> None:
    run, said, sink = RunDirectory(tmp_path), list[str](), Kept()
    fold = run.beneath("folds/seed_0_fold_1")
    fold.commit_json("plan.json", PLAN)
    fold.event("epoch", **make_row("head", 1, 3))
    tracker = begin(run, sink, said)
    for _ in range(2):
        tracker.part_done("seed_0_fold_1", str(fold))
    assert steps(sink, "seed_0_fold_1/train/loss") == [3]
    assert tracker.state() == {"step": 0, "parts": ["seed_0_fold_1"]}


def test_paths_stay_here_where_no_examples_are_shown(tmp_path: Path) -> None:
    run, said, sink = RunDirectory(tmp_path), list[str](), Kept()
    tracker = RunTracker("kept", sink, run, said.append)
    tracker.run_started(str(tmp_path), CONFIG | {"output": {"examples": False}}, PLAN)
    run.commit("config.json", "{}")
    run.commit("report/index.html", "")
    run.commit_json("metrics.json", {})
    tracker.run_done("done", "", {"test": {}})
    assert sink.kept["files"] == ["report/index.html"]
