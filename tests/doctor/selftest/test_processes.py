from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.doctor.selftest.processes import run_process


def make_program(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> str:
    (folder / "stand_in.py").write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return "stand_in"


def test_a_process_gets_its_work_and_writes_below_the_folder_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (
        "import json, os, sys\n"
        "json.dump([dict(os.environ), json.load(open(sys.argv[1])), os.getcwd()], open('out', 'w'))"
    )
    monkeypatch.setenv("TF_CONFIG", "{}")
    program = make_program(tmp_path, text, monkeypatch)
    ended = run_process(tmp_path, "killed-again", [{"run": "a"}], {"CUDA_VISIBLE_DEVICES": "-1"}, program)
    variables, work, place = json.loads((tmp_path / "out").read_text())
    assert (ended.code, work, place) == (0, [{"run": "a"}], str(tmp_path))
    names = ("KERASTUNE_CACHE", "KERAS_HOME", "MPLCONFIGDIR", "XDG_CACHE_HOME", "TFDS_DATA_DIR", "TMPDIR")
    assert all(variables[name].startswith(str(tmp_path)) for name in names)
    # What goes on finds the features that were stored before.
    assert variables["KERASTUNE_CACHE"] == str(tmp_path / "killed-cache")
    assert "TF_CONFIG" not in variables and variables["CUDA_VISIBLE_DEVICES"] == "-1"


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("import sys; print('noise'); sys.exit('no space left')", 1, "no space left"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL, ""),
    ],
)
def test_how_a_process_ended_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, code: int, said: str
) -> None:
    ended = run_process(tmp_path, "one", [], {}, make_program(tmp_path, text, monkeypatch))
    assert (ended.code, ended.said) == (code, said)


def test_a_process_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    start = subprocess.Popen

    def remember(*arguments: Any, **options: Any) -> Any:
        started.append(start(*arguments, **options))
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", remember)
    monkeypatch.setattr("kerastune_ft.doctor.selftest.processes._SECONDS", 0.01)
    ended = run_process(tmp_path, "one", [], {}, make_program(tmp_path, "import time; time.sleep(600)", monkeypatch))
    assert ended.code == 1 and "did not end" in ended.said
    assert started[0].returncode == -signal.SIGKILL
