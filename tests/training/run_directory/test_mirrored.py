"""A run whose directory is gone goes on from its mirror; what a mirror cannot be is refused before anything is done."""

from __future__ import annotations

import contextlib
import copy
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.config.read import read
from kerastune_ft.config.run import RunConfig, config_hash
from kerastune_ft.errors import ConfigError
from kerastune_ft.run_lock import describe_owner
from kerastune_ft.training.run_directory.resume import RunStart, start_run
from tests.support.config_cases import OLD


def settings_in(folder: Path, **output: Any) -> RunConfig:
    places = {"directory": str(folder / "runs"), "mirror": str(folder / "drive"), **output}
    return read({**copy.deepcopy(OLD), "name": "x", "output": places})


@contextlib.contextmanager
def begun(settings: RunConfig, run_dir: Path | None = None, fresh: bool = False) -> Iterator[RunStart]:
    """What a command begins with; at the end the copy is complete."""
    with contextlib.ExitStack() as held:
        yield start_run(settings, config_hash(settings), run_dir, fresh, held)


def train(start: RunStart, settings: RunConfig) -> None:
    target = start.target
    target.commit_json("config.json", settings.to_json())
    target.commit_json("plan.json", {})
    target.commit("phases/00-head/checkpoint/000000002.safetensors", b"weights")
    target.update_manifest(state="running", config_hash=config_hash(settings))


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunConfig:
    monkeypatch.setenv("KERASTUNE_CACHE", str(tmp_path / "cache"))
    return settings_in(tmp_path)


@pytest.fixture
def trained(settings: RunConfig, tmp_path: Path) -> dict[str, bytes]:
    """The files of a run that was copied, and whose directory is gone."""
    with begun(settings) as start:
        train(start, settings)
    files = (path for path in sorted((tmp_path / "runs" / "x-1").rglob("*")) if path.is_file())
    found = {str(path.relative_to(tmp_path / "runs")): path.read_bytes() for path in files}
    shutil.rmtree(tmp_path / "runs")
    return {name: content for name, content in found.items() if "/." not in name and not name.endswith("log.txt")}


def test_a_run_that_is_gone_comes_back_and_goes_on(
    settings: RunConfig, trained: dict[str, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with begun(settings) as start:
        assert start.reason == "continues where it stopped"
        assert start.target.path == tmp_path / "runs" / "x-1"
    assert {name: (tmp_path / "runs" / name).read_bytes() for name in trained} == trained
    said = capsys.readouterr().err
    assert f"copied back from {tmp_path / 'drive' / 'x-1'}" in said
    assert f"copied to {tmp_path / 'drive' / 'x-1'}: " in said


def test_its_place_may_be_another_one(settings: RunConfig, trained: dict[str, bytes], tmp_path: Path) -> None:
    other = settings_in(tmp_path, directory=str(tmp_path / "other"))
    (tmp_path / "other" / "x-1").mkdir(parents=True)
    with begun(other) as start:
        assert start.target.path == tmp_path / "other" / "x-2"
        assert start.target.exists("plan.json")
    assert sorted(path.name for path in (tmp_path / "drive").iterdir()) == ["x-1"]


def test_a_named_directory_comes_back_by_its_name(settings: RunConfig, tmp_path: Path) -> None:
    for name in ("one", "two"):
        with begun(settings, tmp_path / name) as start:
            train(start, settings)
            start.target.commit("phases/00-head/history.csv", name)
        shutil.rmtree(tmp_path / name)
    with begun(settings, tmp_path / "one") as start:
        assert start.target.read_bytes("phases/00-head/history.csv") == b"one"
    with begun(settings, tmp_path / "three") as start:
        assert start.reason == "new"


def test_what_is_no_copy_of_it_is_left_alone(settings: RunConfig, trained: dict[str, bytes], tmp_path: Path) -> None:
    drive = tmp_path / "drive"
    shutil.copytree(drive / "x-1", drive / "x-1 (1)")
    (drive / "x-1 (1)" / "plan.json").write_text("stale")
    other = read({**copy.deepcopy(OLD), "name": "x", "seed": 9, "output": settings.output.to_json()})
    with begun(other) as start:
        # Beyond those of the mirror, so that no number means two runs.
        assert (start.reason, start.target.path.name) == ("new", "x-2")
    with begun(settings) as start:
        assert start.target.read_json("plan.json") == {}


def test_a_fresh_start_leaves_the_copy_alone(settings: RunConfig, trained: dict[str, bytes], tmp_path: Path) -> None:
    with begun(settings, fresh=True) as start:
        assert (start.reason, start.target.path.name) == ("new", "x-2")
    assert (tmp_path / "drive" / "x-1" / "plan.json").exists()


def test_a_run_that_is_here_needs_no_mirror(settings: RunConfig, tmp_path: Path) -> None:
    with begun(settings_in(tmp_path, mirror=None)) as start:
        train(start, settings)
    # Its parent is a file, as if a drive were gone.
    (tmp_path / "gone").write_text("")
    with begun(settings_in(tmp_path, mirror=str(tmp_path / "gone" / "drive"))) as start:
        assert start.reason == "continues where it stopped"


@pytest.mark.parametrize(
    ("mirror", "run_dir", "said"),
    [
        ("runs", None, "the folder of the runs themselves"),
        (".", "one", "the folder of the runs themselves"),
        ("one", "one", "is the run directory or in it"),
        ("one/copy", "one", "is the run directory or in it"),
        ("not/mounted", None, "there is no folder .*not, .*mount the drive"),
        ("file", None, "is a file, where no run"),
        ("file", "one", "is a file, where no run"),
    ],
)
def test_what_cannot_be_a_mirror_is_refused(
    mirror: str, run_dir: str | None, said: str, settings: RunConfig, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    chosen = settings_in(tmp_path, mirror=str(tmp_path / mirror))
    with pytest.raises(ConfigError, match=f"^output.mirror: .*{said}"), begun(chosen, run_dir and tmp_path / run_dir):
        pass
    assert not (tmp_path / "runs").exists()


def test_a_copy_in_use_is_not_brought_back(settings: RunConfig, trained: dict[str, bytes], tmp_path: Path) -> None:
    owner = {**describe_owner(), "host": "another"}
    (tmp_path / "drive" / "x-1" / ".lock.json").write_text(json.dumps(owner))
    said = r"in use by process .* on another .* minutes after its last heartbeat"
    with pytest.raises(ConfigError, match=said), begun(settings):
        pass
    assert not (tmp_path / "runs").exists()
