"""Which directory a command takes after a run that ended before its first step."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from kerastune_ft.config.read import read
from kerastune_ft.config.run import RunConfig
from kerastune_ft.errors import ConfigError
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.training.run_directory.resume import start_run
from kerastune_ft.training.run_directory.run_choice import (
    TAKEN_UP,
    check_places,
    choose,
    clear,
    has_failed,
    has_no_step,
    is_unbegun,
    refuse_inside_data,
)
from tests.support.config_cases import OLD


def make_run(folder: Path, state: str = "failed", number: int = 1, digest: str = "x") -> RunDirectory:
    run = RunDirectory(folder / f"tiny-{number}")
    for name in ("config.json", "plan.json"):
        run.commit_json(name, {})
    run.commit("splits.csv", "input\n")
    run.append("log.txt", "it failed")
    run.update_manifest(state=state, config_hash=digest, data_fingerprint="f")
    return run


@pytest.mark.parametrize("state", ["failed", "interrupted", "running"])
def test_a_run_without_a_step_is_taken_up_by_another_configuration(tmp_path: Path, state: str) -> None:
    run = make_run(tmp_path, state)
    assert has_no_step(run) and is_unbegun(run)
    chosen, reason = choose(tmp_path, "tiny", "y", fresh=False)
    assert (chosen.path, reason) == (run.path, TAKEN_UP)
    assert choose(tmp_path, "tiny", "y", fresh=False, take_up=False)[0].path.name == "tiny-2"


def test_a_run_with_a_step_a_finished_one_or_one_under_way_is_not(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    run.commit("phases/00-head/history.csv", "epoch\n")
    assert not is_unbegun(run)
    assert not is_unbegun(make_run(tmp_path, "done", 2))
    assert not is_unbegun(RunDirectory(tmp_path))
    held = make_run(tmp_path, "running", 3)
    with held.lock():
        assert not is_unbegun(held)
        assert choose(tmp_path, "tiny", "y", fresh=False)[0].path.name == "tiny-4"


def test_a_directory_with_files_of_others_is_not(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    (run.path / "notes.txt").write_text("mine")
    assert not is_unbegun(run)


def test_all_but_the_log_is_removed(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    assert has_failed(run)
    clear(run)
    assert run.list_files("") == ["log.txt"]
    assert run.manifest() is None


@pytest.mark.parametrize("by_name", [True, False])
def test_the_corrected_command_begins_in_the_same_directory(tmp_path: Path, by_name: bool) -> None:
    run = make_run(tmp_path)
    settings = read({**OLD, "name": "tiny", "output": {"directory": str(tmp_path)}})
    with contextlib.ExitStack() as held:
        start = start_run(settings, "y", run.path if by_name else None, False, held)
        assert (start.target.path, start.reason, start.allowed, start.complete) == (run.path, TAKEN_UP, (), False)
        # Nothing of the failed run is compared with the new one.
        assert run.manifest() is None


def test_another_command_may_be_quicker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run(tmp_path)
    settings = read({**OLD, "name": "tiny", "output": {"directory": str(tmp_path)}})
    monkeypatch.setattr("kerastune_ft.training.run_directory.run_choice.is_held", lambda opened: False)
    with run.lock(), contextlib.ExitStack() as held:
        assert start_run(settings, "y", None, False, held).target.path.name == "tiny-2"


def folder_settings(data: Path, kind: str = "image_classification", **options: object) -> RunConfig:
    return read(
        {
            "task": {"kind": kind},
            "data": {"kind": "folder", "path": str(data), **options},
            "backbone": {"kind": "applications", "name": "MobileNetV2", "weights": "embedded"},
            "phases": "head",
        }
    )


SPLITS = {"train": "train", "validation": "val"}


@pytest.mark.parametrize(
    ("place", "kind", "options"),
    [
        ("data", "image_classification", {}),
        ("data/runs", "image_classification", {}),
        ("data/train/runs", "image_classification", {"splits": SPLITS}),
        ("data/masks/runs", "image_segmentation", {}),
        ("link/runs", "image_classification", {}),
    ],
)
def test_a_run_does_not_lie_in_its_data(tmp_path: Path, place: str, kind: str, options: dict[str, object]) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "link").symlink_to("data")
    settings = folder_settings(tmp_path / "data", kind, **options)
    with pytest.raises(ConfigError, match=r"^--run-dir: .* lies in the data, .*; name a place outside$"):
        start_run(settings, "x", tmp_path / place, False, contextlib.ExitStack())
    assert list((tmp_path / "data").iterdir()) == []
    with pytest.raises(ConfigError, match=r"^output.directory: "):
        refuse_inside_data(settings, tmp_path / place, "output.directory")


@pytest.mark.parametrize(
    ("place", "kind", "options"),
    [
        ("data-runs", "image_classification", {}),
        ("data/.runs", "image_classification", {}),
        ("data/runs", "image_classification", {"splits": SPLITS}),
        ("data/runs", "image_segmentation", {}),
    ],
)
def test_a_run_may_lie_where_no_data_is_looked_for(
    tmp_path: Path, place: str, kind: str, options: dict[str, object]
) -> None:
    (tmp_path / "data").mkdir()
    refuse_inside_data(folder_settings(tmp_path / "data", kind, **options), tmp_path / place, "output.directory")


def test_a_cache_does_not_lie_in_the_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("KERASTUNE_CACHE", str(tmp_path / "data" / "cache"))
    with pytest.raises(ConfigError, match=r"^runtime.cache_directory: .*cache lies in the data, "):
        check_places(folder_settings(tmp_path / "data"), tmp_path / "run")


def test_a_cache_that_is_a_file_leaves_no_run_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("KERASTUNE_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(ConfigError, match=r"cache cannot be made \(.*file is a file\); .*KERASTUNE_CACHE"):
        start_run(folder_settings(tmp_path / "data"), "x", tmp_path / "run", False, contextlib.ExitStack())
    assert not (tmp_path / "run").exists()


def test_a_mirror_lies_in_no_folder_beside_the_splits_either(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    settings = folder_settings(tmp_path / "data", splits=SPLITS)
    output = settings.output.model_copy(update={"mirror": str(tmp_path / "data" / "m")})
    with pytest.raises(ConfigError, match=r"^output.mirror: .* lies in the data, "):
        check_places(settings.model_copy(update={"output": output}), tmp_path / "run")
