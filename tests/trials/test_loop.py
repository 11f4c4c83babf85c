"""Searches that are killed, go on, and meet trials that fail: each is what one without a stop would have been."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import kerastune_ft as kt
from kerastune_ft.errors import DataError, DivergedError
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.interrupts import StopRequest
from kerastune_ft.training.watch import Watcher
from kerastune_ft.trials.dimensions import Range
from kerastune_ft.trials.loop import SearchLoop, is_tried_out
from kerastune_ft.trials.records import TrialRecord
from kerastune_ft.trials.settings import SearchSettings
from kerastune_ft.trials.space import read_space
from kerastune_ft.trials.study import COMPLETE, FAILED, Proposal
from tests.support import tiny_search
from tests.support.places import ROOT


def results(trials: tuple[TrialRecord, ...]) -> list[tuple]:
    """All of the trials but what they cost."""
    return [(each.number, dict(each.values), each.state, each.value, dict(each.metrics), each.curve) for each in trials]


def test_a_trial_that_diverges_is_recorded_and_the_search_goes_on_and_all_of_them_are_an_error(
    search_folder: Path, tmp_path: Path
) -> None:
    shutil.copytree(search_folder, tmp_path / "copy", ignore=shutil.ignore_patterns("runs", "winner"))
    config = tmp_path / "copy" / "tiny.json"
    rates = [0.01, 1e30]
    calls = {"sampler": "grid", "directory": tmp_path, "overrides": {"phases.epochs": 1, "phases.optimizer": "sgd"}}
    found = kt.search(config, {"phases.top.learning_rate": rates}, trials=2, **calls)
    assert [record.state for record in found.trials] == [COMPLETE, FAILED]
    assert found.trials[1].error == "DivergedError"
    with pytest.raises(DivergedError, match="no trial ended well"):
        kt.search(config, {"phases.head.learning_rate": [1e30, 2e30]}, **calls)

    # The same search on other data would compare what cannot be compared.
    (tmp_path / "copy" / "data.npz").write_bytes((search_folder / "data.npz").read_bytes())
    tiny_search.write_other_data(tmp_path / "copy" / "data.npz")
    (found.path / "trials/0001/trial.json").unlink()
    journal = found.path / "journal.jsonl"
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join(lines[:-1]))
    with pytest.raises(DataError, match="the data changed since the search"):
        kt.search(config, {"phases.top.learning_rate": rates}, trials=2, **calls)


class Given:
    """A study that proposes what it is given, and remembers what it was told and what was the best by then."""

    outcomes = 0

    def __init__(self, folder: Path, proposals: list[dict[str, Any]]) -> None:
        self._folder, self._left, self.told = folder, list(enumerate(proposals)), list[tuple[str, Any]]()

    def ask(self, start: object) -> Proposal | None:
        return Proposal(*self._left.pop(0), None) if self._left else None

    def tell(self, proposal: Proposal, state: str, value: float | None, curve: object) -> None:
        best = self._folder / "best.json"
        self.told.append((state, json.loads(best.read_text())["head"]["dropout"] if best.exists() else None))


def follow(folder: Path, space: dict[str, Any], *proposals: dict[str, Any]) -> tuple[Given, list[TrialRecord]]:
    """Run a loop whose trials have the value of their dropout, the smallest of which is the best."""
    read, study, pinned = read_space(tiny_search.BASE, [], space), Given(folder, list(proposals)), {"chunk": 8}

    def run(number: int, values: dict[str, Any], *others: object) -> TrialRecord:
        return TrialRecord(number, values, COMPLETE, values["head.dropout"], pinned=pinned)

    settings = SearchSettings("validation_loss", False, "tpe", 0, True)
    loop = object.__new__(SearchLoop)
    loop.__dict__.update(
        _search=RunDirectory(folder), _space=read, _settings=settings, _study=study, _stop=StopRequest(),
        _watch=Watcher(), _records=[], _hashes={}, _runner=SimpleNamespace(run=run, close=lambda: None),
        _check_same_data=lambda: None,
    )  # fmt: skip
    loop.run(None, lambda record, records: None)
    return study, loop._records


def test_values_that_contradict_each_other_between_ends_fail_their_trial_alone(tmp_path: Path) -> None:
    space = {"head.dropout": {"low": 0, "high": 0.5}, "phases.head.batch_size": {"low": 8, "high": 64}}
    right = {"head.dropout": 0.1, "phases.head.batch_size": 16}
    _, records = follow(tmp_path, space, right | {"phases.head.batch_size": -1}, right)
    assert [record.state for record in records] == [FAILED, COMPLETE]
    assert records[0].error == "ConfigError" and "batch_size" in records[0].reason
    assert json.loads((tmp_path / "trials/0000/trial.json").read_text())["reason"] == records[0].reason


def test_the_best_is_written_before_the_study_is_told(tmp_path: Path) -> None:
    study, _ = follow(tmp_path, {"head.dropout": {"low": 0, "high": 0.5}}, {"head.dropout": 0.3}, {"head.dropout": 0.1})
    assert study.told == [(COMPLETE, 0.3), (COMPLETE, 0.1)]


def test_a_search_ends_where_no_combination_is_left_or_only_repeats_come(tmp_path: Path) -> None:
    choices = {"head.dropout": [0.1, 0.2]}
    _, records = follow(tmp_path / "all", choices, *({"head.dropout": each} for each in (0.1, 0.1, 0.2, 0.1)))
    assert [(record.values["head.dropout"], record.same_as) for record in records] == [
        (0.1, None),
        (0.1, 0),
        (0.2, None),
    ]
    _, records = follow(tmp_path / "repeats", choices, *[{"head.dropout": 0.1}] * 30)
    assert len(records) == 21
    endless = (Range("x", 0.0, 1.0),)
    assert not is_tried_out(records[:20], endless) and is_tried_out(records, endless)


@pytest.mark.slow
@pytest.mark.parametrize("objective", [{}, {"objective": "crossvalidate", "folds": 3}])
def test_a_search_that_is_killed_again_and_again_is_one_that_was_not(tmp_path: Path, objective: dict[str, Any]) -> None:
    config = tiny_search.write(tmp_path)
    whole = kt.search(config, tiny_search.SPACE, trials=10, run_dir=tmp_path / "whole", **objective)
    words = ["search", str(config), str(tiny_search.write_space(tmp_path)), "--trials", "10"]
    words += [*(word for name, value in objective.items() for word in (f"--{name}", str(value))), "--run-dir"]
    parts = tmp_path / "parts"
    for kill_at in (0, 2, 5, 8):
        process = subprocess.Popen(
            [sys.executable, "-m", "kerastune_ft", *words, str(parts)],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stderr=subprocess.DEVNULL,
        )
        # While this trial trains, at a place that differs every time.
        while process.poll() is None and not (parts / f"trials/{kill_at:04d}/plan.json").exists():
            time.sleep(0.02)
        time.sleep(0.1 * kill_at)
        process.send_signal(signal.SIGKILL)
        process.wait()
    resumed = kt.search(config, tiny_search.SPACE, trials=10, run_dir=parts, **objective)
    assert results(resumed.trials) == results(whole.trials)
    assert resumed.importances == whole.importances
