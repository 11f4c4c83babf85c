from __future__ import annotations

import sys
from pathlib import Path

import pytest

from kerastune_ft.streams import say_error
from kerastune_ft.training.devices import launch as devices_launch
from kerastune_ft.training.devices.launch import launch
from tests.support.processes import HANG

# Until the launcher has said something.
_WAIT = "while ! test -e said; do sleep 0.01; done"


@pytest.mark.parametrize(
    ("ends", "code", "said"),
    [
        (("exit 0", "exit 0"), 0, ""),
        # One that lost its peer ends with the code of a run that goes on: before that is seen, or after it.
        (("exit 75", "kill -9 $$"), 75, "worker 1 was ended by SIGKILL; the same command goes on"),
        ((f"{_WAIT}; exit 75", "kill -9 $$"), 75, "worker 1 was ended by SIGKILL; the same command goes on"),
        (("exit 75", "exit 3"), 3, "worker 1 ended with exit code 3; the others end with it"),
        ((f"{_WAIT}; exit 75", "exit 3"), 3, "worker 1 ended with exit code 3; the others end with it"),
        (("exit 75", "exit 75"), 75, ""),
        (("exit 0", "echo in need of help >&2"), 0, "[worker 1] in need of help"),
    ],
    ids=["well", "killed", "killed, seen", "failed", "failed, seen", "asked to stop", "speaking"],
)
def test_the_whole_ends_as_its_workers_do(
    ends: tuple[str, str],
    code: int,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    cases = "\n".join(f"""*'"index": {number}'*) {line} ;;""" for number, line in enumerate(ends))
    program = tmp_path / "python"
    program.write_text(f'#!/bin/sh\ncase "$TF_CONFIG" in\n{cases}\nesac\n')
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    monkeypatch.setattr(devices_launch, "_GRACE_SECONDS", HANG)
    monkeypatch.setattr(devices_launch, "say_error", lambda text: (say_error(text), (tmp_path / "said").touch()))
    monkeypatch.chdir(tmp_path)
    assert launch(2, ["run", "small.json"]) == code
    assert capsys.readouterr().err.strip() == said


def test_one_that_hangs_when_it_lost_its_peer_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program = tmp_path / "python"
    program.write_text("""#!/bin/sh\ncase "$TF_CONFIG" in\n*'"index": 1'*) exit 3 ;;\n*) exec sleep 3600 ;;\nesac\n""")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    monkeypatch.setattr(devices_launch, "_GRACE_SECONDS", 0.0)
    assert launch(2, ["run", "small.json"]) == 3
    # The one that was ended is none of the reasons.
    assert capsys.readouterr().err.strip() == "worker 1 ended with exit code 3; the others end with it"
