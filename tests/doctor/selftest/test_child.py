from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.api import training
from kerastune_ft.doctor.selftest import child
from kerastune_ft.errors import PromiseError
from kerastune_ft.training.watch import Watcher


def write_work(folder: Path, *work: dict[str, Any]) -> str:
    path = folder / "work.json"
    path.write_text(json.dumps(work))
    return str(path)


def test_a_run_is_killed_at_its_step_and_says_where_phases_began(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[int, str, int]] = []
    at = ["", 0]

    def train(document: Any, run_dir: Path, callbacks: list[Watcher]) -> None:
        (watcher,) = callbacks
        for phase, begun in (("head", 0), ("top", 4)):
            watcher.phase_started({"name": phase}, begun)
            for step in (4, 6, 8):
                at[:] = [phase, step]
                watcher.step_done(step, None)

    monkeypatch.setattr(training, "run", train)
    monkeypatch.setattr(os, "kill", lambda process, number: sent.append((number, *at)))  # type: ignore[arg-type]
    child.main(write_work(tmp_path, {"run": "a", "document": {}, "kill_at": ["top", 5]}))
    assert sent[0] == (signal.SIGKILL, "top", 6)
    assert json.loads((tmp_path / "a-outcome.json").read_text()) == {"begun": {"head": 0, "top": 4}}


def test_an_error_that_is_explained_stands_beside_the_run_and_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = []

    def train(document: Any, run_dir: Path, callbacks: list[Watcher]) -> None:
        done.append(run_dir.name)
        if run_dir.name == "a":
            raise PromiseError("1 frozen variable changed")

    monkeypatch.setattr(training, "run", train)
    child.main(write_work(tmp_path, {"run": "a", "document": {}}, {"run": "b", "document": {}}))
    assert done == ["a", "b"]
    assert json.loads((tmp_path / "a-outcome.json").read_text()) == {
        "error": "1 frozen variable changed", "exit_code": 5,
    }  # fmt: skip
