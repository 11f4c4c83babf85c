"""A copy is whole at every moment, whatever its file system does, and never ends or holds up the run."""

from __future__ import annotations

import errno
import hashlib
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.mirror import copier as copier_module
from kerastune_ft.mirror.copier import Copier, Pauses
from kerastune_ft.mirror.record import Record
from kerastune_ft.rundir import MANIFEST, OWNER, RunDirectory
from tests.support.mirrored_runs import AT_ONCE, STEPS, Failing, contents, copy_of, finish, mirror, newest_step, train
from tests.support.processes import HANG, wait_until


def test_the_copy_has_every_file_of_the_run_at_the_end(run: RunDirectory, root: Path) -> None:
    said: list[str] = []
    run.commit("splits.csv", "from before")
    copier = Copier(run, str(root), said.append, AT_ONCE)
    train(run)
    finish(run)
    copier.close()
    assert contents(root / "x-1") == contents(run.path)
    assert "log.txt" in contents(root / "x-1")
    assert said == [f"copied to {root / 'x-1'}: 9 files"]
    assert not (root / "x-1" / OWNER).exists()
    record = Record.read(RunDirectory(root / "x-1"))
    assert record is not None and record.directory == "x-1"
    for name, content in contents(run.path).items():
        assert record.files[name] == [hashlib.sha256(content).hexdigest()]


def test_whatever_fails_once_the_copy_becomes_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failing = Failing(monkeypatch, tmp_path / "drive")
    for at in range(1, 100):
        run, root = RunDirectory(tmp_path / f"runs-{at}" / "x-1"), tmp_path / "drive" / str(at)
        run.path.mkdir(parents=True)
        root.parent.mkdir(exist_ok=True)
        failing.count, failing.at = 0, at
        said: list[str] = []
        copier = Copier(run, str(root), said.append, AT_ONCE)
        train(run)
        finish(run)
        copier.close()
        assert contents(root / "x-1") == contents(run.path), at
        assert said[-1] == f"copied to {root / 'x-1'}: 8 files"
        if failing.count < at:
            break
        assert "nput/output error" in said[0] and "tries again" in said[0], said
    else:
        raise AssertionError("no try got to the end")


def test_wherever_copying_ends_a_run_goes_on_from_the_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failing = Failing(monkeypatch, tmp_path / "drive", lasting=True)
    for at in range(1, 100):
        run, root = RunDirectory(tmp_path / f"runs-{at}" / "x-1"), tmp_path / "drive" / str(at)
        run.path.mkdir(parents=True)
        root.parent.mkdir(exist_ok=True)
        failing.count, failing.at = 0, 0
        # One batch after another, so that the number of an operation says what it is.
        copier = Copier(run, str(root), lambda text: None, AT_ONCE)
        train(run, steps=2)
        copier.close()
        before = contents(run.path)
        failing.count, failing.at = 0, at
        said: list[str] = []
        copier = Copier(run, str(root), said.append, AT_ONCE)
        train(run, begin=2)
        finish(run)
        copier.close()
        is_cut = failing.count >= at
        failing.at = 0
        copy = copy_of(root)
        assert copy is not None, (at, said)
        target = tmp_path / f"back-{at}" / "x-1"
        target.parent.mkdir()
        copy.bring_back(target)
        back = contents(target)
        assert {
            name: back[name] for name in back if back[name] not in (before.get(name), contents(run.path).get(name))
        }.keys() <= {"history.csv", "log.txt", "manifest.json"} | {name for name in back if "/checkpoint/" in name}
        # It goes on from what it went on from before, or from something newer.
        assert newest_step(target) >= 2 or (target / "phases/0-head/result.json").exists(), at
        json.loads(back["manifest.json"])
        if is_cut:
            assert "does not have all of the run" in said[-1] and f"{run} has" in said[-1]
        else:
            assert back == contents(run.path)
            break
    else:
        raise AssertionError("no try got to the end")


def test_a_full_mirror_is_said_once_and_at_the_end_with_what_it_lacks(
    run: RunDirectory, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = Failing(monkeypatch, root, lasting=True)
    failing.at, failing.error = 1, OSError(errno.ENOSPC, "No space left on device")
    said: list[str] = []
    copier = Copier(run, str(root), said.append, AT_ONCE)
    train(run)
    copier.close()
    assert len(said) == 2
    assert "nothing is copied" in said[0] and "no space left on device" in said[0] and "tries again" in said[0]
    assert f"{root} does not have all of the run, " in said[1] and "(" not in said[1] and len(said[1]) < 400
    assert " files are not there: no space left on device; " in said[1]
    assert "same command copies the rest" in said[1]
    assert newest_step(run.path) == STEPS


def test_what_a_drive_lost_is_copied_again(run: RunDirectory, root: Path) -> None:
    mirror(run, root, train)
    (root / "x-1" / "plan.json").unlink()
    (root / "x-1" / "history.csv").write_bytes(b"")
    mirror(run, root)
    assert contents(root / "x-1") == contents(run.path)


def test_a_step_never_waits_for_the_mirror(run: RunDirectory, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entered, released = threading.Event(), threading.Event()
    commit = RunDirectory.commit

    def slow(self: RunDirectory, name: str, content: Any) -> None:
        if self.path.is_relative_to(root) and name == "plan.json":
            entered.set()
            assert released.wait(HANG)
        commit(self, name, content)

    monkeypatch.setattr(RunDirectory, "commit", slow)
    copier = Copier(run, str(root), lambda text: None, AT_ONCE)
    train(run)
    assert entered.wait(HANG)
    finish(run)
    assert not (root / "x-1" / "metrics.json").exists()
    released.set()
    copier.close()
    assert contents(root / "x-1") == contents(run.path)


def test_waiting_for_a_mirror_that_hangs_ends(run: RunDirectory, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    commit = RunDirectory.commit

    def hang(self: RunDirectory, name: str, content: Any) -> None:
        if self.path.is_relative_to(root) and name == "history.csv":
            assert released.wait(60)
        commit(self, name, content)

    monkeypatch.setattr(RunDirectory, "commit", hang)
    # A file at a time.
    monkeypatch.setattr(copier_module, "_GROUP_BYTES", 0)
    train(run)
    said: list[str] = []
    copier = Copier(run, str(root), said.append, Pauses(0, 0, 0, reports=0, patience=0.2))
    copier.close()
    assert "waiting until 6 files" in said[0] and "the run itself is whole in" in said[0]
    assert "no file was finished in" in said[-1] and "does not have all" in said[-1]
    assert "6 files are not there" in said[-1]
    known, there = len(said), RunDirectory(root / "x-1")
    assert there.exists(OWNER)
    released.set()
    wait_until(lambda: not there.exists(OWNER))
    # What hung is written, and nothing after it.
    assert contents(there.path).keys() == {"config.json", "history.csv"}
    assert len(said) == known


def test_what_the_run_writes_while_the_copy_is_opened_is_newer(
    run: RunDirectory, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing, train_on = Failing(monkeypatch, root), [finish]
    failing.at, read = 1, RunDirectory.read_bytes

    def read_and_write(self: RunDirectory, name: str) -> bytes:
        content = read(self, name)
        if self is run and name == MANIFEST and train_on:
            train_on.pop()(run)
        return content

    train(run)
    monkeypatch.setattr(RunDirectory, "read_bytes", read_and_write)
    said: list[str] = []
    Copier(run, str(root), said.append, AT_ONCE).close()
    assert "tries again" in said[0] and not train_on
    assert contents(root / "x-1") == contents(run.path)


def test_a_drive_that_is_unmounted_is_not_made_anew_on_the_disk_below(run: RunDirectory, root: Path) -> None:
    mounted, said = root / "mounted", []
    mounted.mkdir(parents=True)
    copier = Copier(run, str(mounted / "runs"), said.append, AT_ONCE)
    train(run)
    copier.close()
    record = Record.read(RunDirectory(mounted / "runs" / "x-1"))
    copier = Copier(run, str(mounted / "runs"), said.append, AT_ONCE)
    # Once when it was opened, and once when all was found to be there.
    wait_until(lambda: Record.read(RunDirectory(mounted / "runs" / "x-1")).number >= record.number + 2)
    mounted.rename(root / "elsewhere")
    finish(run)
    copier.close()
    assert not mounted.exists()
    assert "is the drive mounted?" in said[1] and "does not have all of the run" in said[-1]
    (root / "elsewhere").rename(mounted)
    Copier(run, str(mounted / "runs"), said.append, AT_ONCE).close()
    assert contents(mounted / "runs" / "x-1") == contents(run.path)
    (root / "none").mkdir()
    said.clear()
    Copier(run, str(root / "none" / "there" / "runs"), said.append, AT_ONCE).close()
    assert "is the drive mounted?" in said[0] and not (root / "none" / "there").exists()
