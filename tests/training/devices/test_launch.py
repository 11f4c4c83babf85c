from __future__ import annotations

import sys
from pathlib import Path

import pytest

from kerastune_ft.training.devices.launch import launch


@pytest.mark.parametrize(
    ("ends", "code", "said"),
    [
        (("exit 0", "exit 0"), 0, ""),
        # One that lost its peer ends with the code of a run that goes on.
        (("sleep 0.3; exit 75", "kill -9 $$"), 75, "worker 1 was ended by SIGKILL; the same command goes on"),
        (("sleep 0.3; exit 75", "exit 3"), 3, "worker 1 ended with exit code 3; ending the others"),
        (("exit 75", "exit 75"), 75, ""),
        (("exit 0", "echo in need of help >&2"), 0, "[worker 1] in need of help"),
    ],
    ids=["well", "killed", "failed", "asked to stop", "speaking"],
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
    assert launch(2, ["run", "small.json"]) == code
    assert capsys.readouterr().err.strip() == said
