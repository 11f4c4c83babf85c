"""A run directory has one owner, also where locks of the operating system keep out one machine only."""

from __future__ import annotations

import datetime
import errno
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import filelock
import pytest

from kerastune_ft import run_lock, rundir
from kerastune_ft.errors import ConfigError
from kerastune_ft.rundir import RunDirectory, is_held

NOW = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)


@pytest.fixture(autouse=True)
def stopped_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the tests before took, a heartbeat is as old as it is written here."""
    monkeypatch.setattr(run_lock, "_now", lambda: NOW)


def ago(seconds: float) -> str:
    return (NOW - datetime.timedelta(seconds=seconds)).isoformat()


def elsewhere(seconds: float, **other: Any) -> dict[str, Any]:
    """The owner of a run on another machine whose last heartbeat is so old."""
    owner = {"process": 7, "host": "far", "boot": "b", "token": "t", "since": ago(4000), "beat": ago(seconds)}
    return owner | other


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return RunDirectory(tmp_path / "run-1")


@pytest.fixture
def on_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """The run directory is on a file system that other machines mount."""
    monkeypatch.setattr(rundir, "is_network", lambda folder: True)


@pytest.fixture
def without_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file system knows no locks."""

    def refuse(self: object, **options: object) -> None:
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(filelock.FileLock, "acquire", refuse)


@pytest.mark.usefixtures("on_network")
def test_an_owner_on_another_machine_is_alive_while_its_heart_beats(run: RunDirectory) -> None:
    run.commit(".lock.json", json.dumps(elsewhere(20)))
    message = r"in use by process 7 on far .*3 minutes after its last heart"
    with pytest.raises(ConfigError, match=message) as caught, run.lock():
        pytest.fail("two machines hold the run directory")
    assert caught.value.exit_code == 2
    assert is_held(run)
    assert json.loads(run.read_bytes(".lock.json"))["host"] == "far"


@pytest.mark.usefixtures("on_network")
@pytest.mark.parametrize(
    "left",
    [
        elsewhere(400),
        elsewhere(20, host=os.uname().nodename, boot=run_lock.describe_owner()["boot"]),
        {"process": 7, "host": "far", "since": ago(20)},
        elsewhere(20, beat=None),
        [],
    ],
    ids=["stale", "this machine", "of an earlier version", "no beat", "damaged"],
)
def test_an_owner_that_is_gone_keeps_nobody_out(left: Any, run: RunDirectory) -> None:
    run.commit(".lock.json", json.dumps(left))
    with run.lock():
        assert json.loads(run.read_bytes(".lock.json"))["process"] == os.getpid()
    assert not run.exists(".lock.json")


def test_where_locks_work_for_all_no_heartbeat_is_asked_for(run: RunDirectory) -> None:
    run.commit(".lock.json", json.dumps(elsewhere(20)))
    with run.lock():
        assert json.loads(run.read_bytes(".lock.json"))["process"] == os.getpid()


@pytest.mark.usefixtures("without_locks")
def test_a_file_system_without_locks_ends_no_run_and_is_guarded_by_content(run: RunDirectory) -> None:
    with run.lock():
        run.commit("a", "b")
    run.commit(".lock.json", json.dumps(elsewhere(20)))
    with pytest.raises(ConfigError, match="in use by process 7 on far"), run.lock():
        pytest.fail("two machines hold the run directory")


@pytest.mark.usefixtures("on_network")
def test_a_run_that_another_machine_took_over_is_written_to_no_more(
    run: RunDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    beats: list[run_lock.Heartbeat] = []
    made = run_lock.Heartbeat

    def keep(*arguments: Any) -> run_lock.Heartbeat:
        beats.append(made(*arguments))
        return beats[0]

    monkeypatch.setattr(run_lock, "Heartbeat", keep)
    with run.lock():
        beats[0].beat()
        run.commit("metrics.json", "{}")
        (Path(run.path) / ".lock.json").write_text(json.dumps(elsewhere(0)))
        beats[0].beat()
        with pytest.raises(ConfigError, match="in use by process 7 on far"):
            run.commit("metrics.json", "[]")
    assert run.read_bytes("metrics.json") == b"{}"
    assert json.loads(run.read_bytes(".lock.json"))["host"] == "far"


def test_a_heartbeat_changes_the_time_alone() -> None:
    owner = {**run_lock.describe_owner(), "beat": ago(100)}
    written: list[Mapping[str, Any]] = []
    run_lock.Heartbeat(owner, lambda: owner, written.append).beat()
    (now,) = written
    assert {**now, "beat": ""} == {**owner, "beat": ""}
    assert not run_lock.is_elsewhere(now)
    assert run_lock.is_beating(now) and now["beat"] > owner["beat"]


@pytest.mark.parametrize("error", [OSError("gone"), ConfigError("gone")])
def test_a_heartbeat_that_cannot_be_written_ends_nothing(error: Exception) -> None:
    def fail(_: object) -> None:
        raise error

    beat = run_lock.Heartbeat(run_lock.describe_owner(), lambda: None, fail)
    beat.beat()
    assert beat.rival is None


def test_a_folder_that_may_not_be_written_is_no_file_system_without_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: object, **options: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(filelock.FileLock, "acquire", refuse)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(PermissionError), run_lock.hold(tmp_path / ".lock"):
        pass


def test_the_thread_of_a_heartbeat_ends_with_it() -> None:
    def beats() -> Iterator[run_lock.Heartbeat]:
        with run_lock.Heartbeat(run_lock.describe_owner(), lambda: None, lambda owner: None) as beat:
            yield beat

    (beat,) = list(beats())
    assert not beat._thread.is_alive()
