"""Promise 3: interrupted anywhere, the same command ends as if nothing had happened, to the last bit."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tests.support.processes import HANG, Outcome, run_program, start_program, stop_program, wait_until
from tests.support.tiny_run import results

COMMAND = ("run", "small.json")


def kill(folder: Path, run: str, file: str, number: int = signal.SIGKILL) -> Outcome:
    """Give the command and send a signal as soon as a file of the run is there."""
    return stop_program(folder, number, folder / run / file, *COMMAND, "--run-dir", run)


def assert_whole(run: Path) -> None:
    """Assert that every file of a killed run is whole."""
    for path in run.rglob("*.json"):
        json.loads(path.read_text())
    for path in run.rglob("*.csv"):
        assert path.read_text().endswith("\n")


def test_stopped_in_the_first_phase_and_killed_in_the_second(folder: Path, small_base: Path) -> None:
    run = folder / "killed"
    in_first = kill(folder, "killed", "phases/00-head/checkpoint/000000002.safetensors", signal.SIGTERM)
    assert in_first.code == 75, in_first.err
    assert in_first.err.splitlines()[-1].endswith("the same command goes on")
    assert "Traceback" not in in_first.err
    assert_whole(run)
    assert not (run / "phases/00-head/result.json").exists()
    manifest = json.loads((run / "manifest.json").read_text())
    assert (manifest["state"], manifest["exit_code"]) == ("interrupted", 75)

    in_second = kill(folder, "killed", "phases/01-top/checkpoint/000000002.safetensors")
    assert in_second.code == -signal.SIGKILL
    assert "going on after step" in in_second.err
    assert_whole(run)

    last = run_program(folder, *COMMAND, "--run-dir", "killed")
    assert last.code == 0, last.err
    assert "phase head: trains" not in last.err, "what was done is not done again"
    assert results(run) == results(small_base)
    assert (run / "report/index.html").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    "file",
    [
        "log.txt",
        "config.json",
        "phases/00-head/history.csv",
        "phases/00-head/checkpoint/000000006.safetensors",
        "phases/00-head/best.safetensors",
        "phases/00-head/result.json",
        "phases/01-top/history.csv",
        "phases/01-top/best.safetensors",
        "phases/01-top/result.json",
        "evaluation/predictions.csv",
        "metrics.json",
        "model/labels.json",
        "model/model.keras",
    ],
)
def test_killed_as_soon_as_a_file_is_there(folder: Path, small_base: Path, file: str) -> None:
    run = "killed-" + file.replace("/", "-")
    assert kill(folder, run, file).code == -signal.SIGKILL
    assert_whole(folder / run)
    last = run_program(folder, *COMMAND, "--run-dir", run)
    assert last.code == 0, last.err
    assert results(folder / run) == results(small_base)
    manifest = json.loads((folder / run / "manifest.json").read_text())
    assert set(manifest["files"]) == set(json.loads((small_base / "manifest.json").read_text())["files"])


@pytest.mark.slow
def test_stopped_while_tensorflow_is_imported(folder: Path) -> None:
    begun = folder / "early" / "manifest.json"

    with start_program(folder, *COMMAND, "--run-dir", "early") as process:
        libraries = Path(f"/proc/{process.pid}/maps")
        wait_until(lambda: "libtensorflow" in libraries.read_text(), process)
        assert begun.exists()
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=HANG)
    early = Outcome(process.returncode, out, err)
    assert early.code == 75, early.err
    assert json.loads(begun.read_text())["exit_code"] == 75


@pytest.mark.slow
def test_a_damaged_checkpoint_costs_its_steps_and_nothing_else(folder: Path, small_base: Path) -> None:
    kill(folder, "damaged", "phases/00-head/checkpoint/000000006.safetensors")
    newest = max((folder / "damaged" / "phases/00-head/checkpoint").glob("0*.safetensors"))
    newest.write_bytes(newest.read_bytes()[:-100])
    last = run_program(folder, *COMMAND, "--run-dir", "damaged")
    assert last.code == 0, last.err
    assert f"{newest.name} is damaged" in last.err
    assert results(folder / "damaged") == results(small_base)


@pytest.mark.slow
def test_killed_in_a_refit(folder: Path) -> None:
    refit = (*COMMAND, "--set", "refit=true", "--run-dir")
    whole = run_program(folder, *refit, "refit-whole")
    assert whole.code == 0, whole.err
    for file in ("refit/00-head/checkpoint/000000004.safetensors", "refit/01-top/result.json", "refit/first.json"):
        killed = stop_program(folder, signal.SIGKILL, folder / "refit-killed" / file, *refit, "refit-killed")
        assert killed.code == -signal.SIGKILL
        assert_whole(folder / "refit-killed")
    last = run_program(folder, *refit, "refit-killed")
    assert last.code == 0, last.err
    assert results(folder / "refit-killed") == results(folder / "refit-whole")
    assert (folder / "refit-killed/refit/first.json").read_bytes() == (
        folder / "refit-whole/refit/first.json"
    ).read_bytes()
