"""What the Python API refuses before it imports TensorFlow."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import kerastune_ft as kt
from kerastune_ft.api.training import PlanView
from kerastune_ft.rundir import RunDirectory

TINY = {
    "task": {"kind": "image_classification"},
    "data": {"kind": "tfds", "name": "digits"},
    "backbone": {"kind": "applications", "name": "MobileNetV2", "weights": "embedded"},
    "phases": "head",
}


@pytest.mark.parametrize("config", [3, None, [1], 2.5])
def test_what_is_no_configuration_is_named(config: Any) -> None:
    with pytest.raises(kt.ConfigError, match="is no configuration"):
        kt.run(config)


@pytest.mark.parametrize("span", [-3, 0, float("nan"), "-5s", "0s"])
def test_a_time_limit_is_above_zero(span: Any) -> None:
    with pytest.raises(kt.ConfigError):
        kt.run(TINY, stop_after=span)


def test_an_empty_run_directory_is_refused() -> None:
    with pytest.raises(kt.ConfigError, match="--run-dir is empty"):
        kt.run(TINY, run_dir="")


def test_overrides_may_be_a_dict() -> None:
    with pytest.raises(kt.ConfigError, match="seeed"):
        kt.run(TINY, overrides={"seeed": 1})


def test_a_damaged_manifest_is_named_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("")
    with pytest.raises(kt.ConfigError, match=r"manifest\.json is damaged.*--fresh"):
        kt.run(TINY, run_dir=tmp_path)


def test_a_killed_runs_report_does_not_say_running(tmp_path: Path) -> None:
    target = RunDirectory(tmp_path)
    target.commit_json("config.json", {})
    target.update_manifest(state="running", exit_code=None)
    kt.open_run(tmp_path).report()
    assert target.manifest()["state"] == "interrupted"


def test_a_report_leaves_a_run_under_way_alone(tmp_path: Path) -> None:
    target = RunDirectory(tmp_path)
    with target.lock():
        target.commit_json("config.json", {})
        target.update_manifest(state="running", exit_code=None)
        kt.open_run(tmp_path).report()
        assert target.manifest()["state"] == "running"


def test_a_configuration_is_written_outside_of_runs(tmp_path: Path) -> None:
    made = PlanView({}, {"phases": []})
    made.write(tmp_path / "mine.json")
    assert json.loads((tmp_path / "mine.json").read_text()) == {"phases": []}
    run = RunDirectory(tmp_path / "a-1")
    run.commit_json("config.json", {})
    run.update_manifest(state="done")
    for place, message in (
        ("a-1/config.json", "is in the run directory"),
        ("none/mine.json", "there is no folder"),
        (".", "is a folder"),
    ):
        with pytest.raises(kt.ConfigError, match=f"--write: .*{message}"):
            made.write(tmp_path / place)
    assert run.read_json("config.json") == {}
