"""A run directory is made of what is whole in its copy, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from kerastune_ft.mirror.bring_back import DamagedCopyError, FoundCopy, find_copy
from kerastune_ft.mirror.record import Record
from kerastune_ft.rundir import MANIFEST, RunDirectory
from tests.support.mirrored_runs import copy_of, finish, mirror, train


@pytest.mark.parametrize("lost", ["plan.json", "phases/0-head/result.json"])
def test_a_partial_copy_is_never_taken(run: RunDirectory, root: Path, lost: str) -> None:
    mirror(run, root, train, finish)
    path = root / "x-1" / lost
    whole = path.read_bytes()
    for content in (whole[:-1], b"", None):
        path.unlink() if content is None else path.write_bytes(content)
        said: list[str] = []
        assert find_copy([root / "x-1"], "h", None, said.append) is None
        assert f"{lost} is missing or not whole" in said[0] and "passed over" in said[0]
    path.write_bytes(whole)
    assert copy_of(root) is not None


def test_of_a_finished_run_lost_results_are_written_again(run: RunDirectory, root: Path, tmp_path: Path) -> None:
    mirror(run, root, train, finish)
    (root / "x-1" / "metrics.json").write_bytes(b"{")
    copy = copy_of(root)
    assert copy is not None
    assert "without metrics.json, which is not whole there" in copy.bring_back(tmp_path / "back")
    back = RunDirectory(tmp_path / "back")
    assert (back.manifest() or {})["state"] == "interrupted"
    assert not back.exists("metrics.json") and "metrics.json" not in (back.manifest() or {})["files"]


@pytest.mark.parametrize(
    ("damage", "whole"),
    [("none", ["a", "b"]), ("folds/b/phases/0-head/best.safetensors", ["a"]), (f"folds/a/{MANIFEST}", ["b"])],
)
def test_of_runs_within_a_run_only_whole_ones_are_brought_back(
    run: RunDirectory, root: Path, tmp_path: Path, damage: str, whole: list[str]
) -> None:
    def train_members(run: RunDirectory) -> None:
        for name in ("a", "b"):
            member = run.beneath(f"folds/{name}")
            member.commit("phases/0-head/best.safetensors", name * 100)
            member.append("log.txt", "a line")
            member.update_manifest(state="done")

    mirror(run, root, train, train_members, finish)
    if damage != "none":
        (root / "x-1" / damage).write_bytes(b"{")
    copy = copy_of(root)
    assert copy is not None
    said = copy.bring_back(tmp_path / "back")
    assert sorted(path.name for path in (tmp_path / "back" / "folds").iterdir()) == whole
    assert ((RunDirectory(tmp_path / "back").manifest() or {})["state"] == "done") == (damage == "none")
    assert damage == "none" or damage in said
    for name in whole:
        files = [path for path in (run.path / "folds" / name).rglob("*") if path.is_file()]
        for path in files:
            assert (tmp_path / "back" / path.relative_to(run.path)).read_bytes() == path.read_bytes()


def test_names_of_a_drive_that_was_mounted_again_are_ignored(run: RunDirectory, root: Path, tmp_path: Path) -> None:
    mirror(run, root, train)
    (root / "x-1" / "manifest (1).json").write_text("{}")
    copy = copy_of(root)
    assert copy is not None
    copy.bring_back(tmp_path / "back")
    assert not (tmp_path / "back" / "manifest (1).json").exists()


def test_a_manifest_that_is_cut_short_is_that_of_the_record(run: RunDirectory, root: Path, tmp_path: Path) -> None:
    mirror(run, root, train)
    (root / "x-1" / MANIFEST).write_bytes(b"{")
    copy = copy_of(root)
    assert copy is not None
    copy.bring_back(tmp_path / "back")
    assert (tmp_path / "back" / MANIFEST).read_bytes() == (run.path / MANIFEST).read_bytes()


def test_a_copy_without_a_record_is_not_taken(run: RunDirectory, root: Path) -> None:
    mirror(run, root, train)
    for number in range(2):
        (root / "x-1" / f".mirror-{number}.json").write_bytes(b"{")
    assert copy_of(root) is None
    # Its own run writes it anew.
    mirror(run, root)
    assert copy_of(root) is not None


def test_copies_of_other_configurations_do_not_count(run: RunDirectory, root: Path) -> None:
    mirror(run, root, train)
    assert find_copy([root / "x-1"], "other", None, lambda text: None) is None
    assert find_copy([root / "x-1"], "h", "y-1", lambda text: None) is None
    with pytest.raises(DamagedCopyError):
        FoundCopy(RunDirectory(root / "x-1"), Record("r", "x-1"))
