"""Searches that are killed, go on, and meet trials that fail: each is what one without a stop would have been."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import kerastune_ft as kt
from kerastune_ft.errors import DataError, DivergedError
from kerastune_ft.trials.records import TrialRecord
from kerastune_ft.trials.study import COMPLETE, FAILED
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


@pytest.mark.slow
def test_a_search_that_is_killed_again_and_again_is_one_that_was_not(tmp_path: Path) -> None:
    config = tiny_search.write(tmp_path)
    whole = kt.search(config, tiny_search.SPACE, trials=10, run_dir=tmp_path / "whole")
    words = ["search", str(config), str(tiny_search.write_space(tmp_path)), "--trials", "10", "--run-dir"]
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
    resumed = kt.search(config, tiny_search.SPACE, trials=10, run_dir=parts)
    assert results(resumed.trials) == results(whole.trials)
    assert resumed.importances == whole.importances
