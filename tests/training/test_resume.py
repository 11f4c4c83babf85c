"""What a new run is told about the run before it."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.config.read import read
from kerastune_ft.errors import ConfigError
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.resume import find_shorter_run, move_aside
from tests.support.config_cases import OLD

THIRD = {"name": "third", "unfreeze": {"last": 3}, "epochs": 1, "learning_rate": 0.001}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A directory with one run of two begun phases."""
    run = RunDirectory(tmp_path / "tiny-1")
    run.commit_json("config.json", read(_write(tmp_path)).to_json())
    run.commit_json("plan.json", {})
    for phase in ("00-head", "01-top"):
        run.commit(f"phases/{phase}/history.csv", "phase\n")
    return tmp_path


def _write(directory: Path, **changed: Any) -> dict[str, Any]:
    return {**copy.deepcopy(OLD), "output": {"directory": str(directory)}, **changed}


def test_an_appended_phase_points_at_the_run_it_could_go_on_with(directory: Path) -> None:
    longer = read(_write(directory, phases=[*OLD["phases"], THIRD]))
    assert find_shorter_run(RunDirectory(directory / "tiny-2"), longer) == str(directory / "tiny-1")


def test_another_configuration_or_a_damaged_run_points_at_nothing(directory: Path) -> None:
    target = RunDirectory(directory / "tiny-2")
    assert find_shorter_run(target, read(_write(directory, seed=5))) is None
    assert find_shorter_run(target, read(_write(directory))) is None
    assert find_shorter_run(RunDirectory(directory / "tiny-1"), read(_write(directory, name="tiny"))) is None
    (directory / "tiny-1" / "config.json").write_text("{")
    assert find_shorter_run(target, read(_write(directory, phases=[*OLD["phases"], THIRD]))) is None


@pytest.mark.parametrize("name", [".", "..", "../here"])
def test_a_fresh_start_does_not_move_the_folder_it_is_given_in(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(ConfigError, match="holds the folder in which this command was given"):
        move_aside(RunDirectory(name))
    assert (tmp_path / "here").is_dir()
