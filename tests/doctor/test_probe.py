from __future__ import annotations

import os
from pathlib import Path

import pytest

from kerastune_ft.doctor.probe import Probe, ask_tensorflow, import_variables


def test_a_process_that_answers_is_heard() -> None:
    probe = ask_tensorflow(["-c", 'print(\'noise\'); print(\'{"tensorflow": {"error": "ImportError: no"}}\')'])
    assert probe.problems == ["tensorflow cannot be imported (ImportError: no)"] and probe.failure == ""


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGILL)", "by SIGILL"),
        ("import sys; sys.exit('Unknown flag in XLA_FLAGS')", "with exit code 1: Unknown flag in XLA_FLAGS"),
        ("pass", "with exit code 0"),
    ],
)
def test_a_process_that_ends_otherwise_is_explained(script: str, words: str) -> None:
    probe = ask_tensorflow(["-c", script])
    assert probe.problems == [f"TensorFlow ended its process {words}"]


def test_a_process_that_hangs_is_ended() -> None:
    assert "did not answer" in ask_tensorflow(["-c", "import time; time.sleep(600)"], seconds=0.1).failure


def test_versions_of_cuda_are_those_of_the_build() -> None:
    build = {"cuda": True, "build": {"cuda_version": "12.5.1", "cudnn_version": "9"}}
    assert Probe(build).cuda_version == (12, "9") and Probe({**build, "cuda": False}).cuda_version is None


def test_other_processes_import_the_same_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    made = import_variables(A="b")
    first, *rest = made["PYTHONPATH"].split(os.pathsep)
    assert os.path.isdir(os.path.join(first, "kerastune_ft")) and rest == ["/elsewhere"] and made["A"] == "b"


def test_nothing_is_written_where_the_user_keeps_settings_which_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "keras.json").write_text('{"epsilon": 1e-07}')
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    script = (
        "import json, os, pathlib; place = pathlib.Path(os.environ['KERAS_HOME']);"
        "print(json.dumps({'at': str(place), 'text': (place / 'keras.json').read_text(),"
        " 'drawing': os.environ['MPLCONFIGDIR']}))"
    )
    found = ask_tensorflow(["-c", script]).found
    assert found["text"] == '{"epsilon": 1e-07}' and found["at"] == found["drawing"] != str(tmp_path)
    assert not Path(found["at"]).exists()
