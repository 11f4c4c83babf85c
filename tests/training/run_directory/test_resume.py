"""What a new run is told about the run before it."""

from __future__ import annotations

import contextlib
import copy
from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.config.read import read
from kerastune_ft.config.run import config_hash
from kerastune_ft.errors import ConfigError
from kerastune_ft.rules import NEWEST, Rules
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.run_directory.resume import (
    find_earlier_run,
    find_hash,
    find_shorter_run,
    move_aside,
    start_run,
)
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


def test_the_configuration_of_a_run_with_whole_paths_is_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings, run = read(_write(tmp_path)), RunDirectory(tmp_path / "tiny-1")
    run.commit_json("config.json", settings.to_json())
    run.update_manifest(state="done", config_hash=config_hash(settings))
    whole = read(run.path / "config.json")
    assert config_hash(whole) != config_hash(settings)
    assert find_hash(whole, run.path) == find_hash(settings, None) == config_hash(settings)
    # Another configuration, another place, and a run that cannot be read.
    other = read(_write(tmp_path, seed=5))
    assert find_hash(other, run.path) == config_hash(other)
    assert find_hash(whole, tmp_path / "absent") == find_hash(whole, None) == config_hash(whole)
    for content in ("{", "[]", "{}"):
        (run.path / "config.json").write_text(content)
        assert find_hash(whole, run.path) == config_hash(whole)


def test_a_finished_run_in_a_directory_that_is_named_does_not_continue(tmp_path: Path) -> None:
    settings, run = read(_write(tmp_path)), RunDirectory(tmp_path / "tiny-1")
    run.commit_json("config.json", settings.to_json())
    run.update_manifest(state="done", config_hash=config_hash(settings))
    for digest, reason in ((config_hash(settings), "finished; its results are"), ("another", "continues where it")):
        with contextlib.ExitStack() as held:
            assert start_run(settings, digest, run.path, False, held).reason.startswith(reason)


def test_a_run_that_was_killed_before_it_had_a_manifest_begins_again(tmp_path: Path) -> None:
    settings, run = read(_write(tmp_path)), RunDirectory(tmp_path / "tiny-1")
    run.commit_json("config.json", settings.to_json())
    with contextlib.ExitStack() as held:
        assert start_run(settings, config_hash(settings), run.path, False, held).reason == "new"
    for name, content in (("notes.txt", "mine"), ("config.json", '{"mine": 1}')):
        run.remove("notes.txt")
        run.commit(name, content)
        with contextlib.ExitStack() as held, pytest.raises(ConfigError, match="not empty and holds no run"):
            start_run(settings, config_hash(settings), run.path, False, held)


@pytest.mark.parametrize(
    ("preset", "key"), [("fastai_fine_tune", "momentum"), ("discriminative", "start"), ("surgical", "head")]
)
def test_a_run_that_began_when_its_preset_stood_for_other_phases_goes_on(tmp_path: Path, preset: str, key: str) -> None:
    settings = read(_write(tmp_path, phases=preset))
    run, rules = RunDirectory(tmp_path / "tiny-1"), Rules(2)
    before = settings.with_rules(rules)
    assert getattr(settings.phases[1].rate_policy, key) is not None
    assert {getattr(phase.rate_policy, key) for phase in before.phases} == {None}
    assert config_hash(before) != config_hash(settings)
    assert find_earlier_run(settings) is None
    run.commit_json("config.json", before.to_json())
    run.commit_json("plan.json", {})
    run.update_manifest(state="interrupted", config_hash=config_hash(before), rules=rules.version)
    assert find_earlier_run(settings) == str(run.path)
    assert find_hash(settings, run.path) == config_hash(before)
    with contextlib.ExitStack() as held:
        assert start_run(settings, config_hash(before), str(run.path), False, held).allowed == ()
    # Written one by one they are what they are.
    listed = read(_write(tmp_path, phases=[phase.to_json() for phase in settings.phases]))
    assert find_earlier_run(listed) is None
    assert config_hash(listed) == config_hash(settings)
    # One that has begun since comes first.
    later = RunDirectory(tmp_path / "tiny-2")
    later.update_manifest(state="interrupted", config_hash=config_hash(settings), rules=NEWEST.version)
    assert find_earlier_run(settings) is None
