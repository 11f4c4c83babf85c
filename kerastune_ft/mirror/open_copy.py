"""The copy of one run in a mirror: which folder it is, who may write it, and what it holds."""

from __future__ import annotations

import contextlib
import errno
import itertools
import json
import os
import posixpath
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from kerastune_ft import run_lock
from kerastune_ft.errors import ConfigError, KerasTuneError
from kerastune_ft.mirror.record import Link, Record
from kerastune_ft.rundir import MANIFEST, OWNER, RunDirectory, is_partial
from kerastune_ft.storage import entries, path_of
from kerastune_ft.wording import counted

_SECONDS_TO_LEAVE = 5.0


class TakenError(ConfigError):
    """A copy that another process writes, or has taken further than the run directory here."""


class Copy:
    """A copy that this process may write."""

    def __init__(self, folder: RunDirectory, record: Record) -> None:
        """`folder` has the record already; from here on the owner's file says that this process writes it."""
        self.folder, self.record = folder, record
        self._checked: set[str] = set()
        self._owner = run_lock.describe_owner()
        self._write_owner(self._owner)
        self._heartbeat = run_lock.Heartbeat(self._owner, folder.owner, self._write_owner)
        self._heartbeat.__enter__()

    def _write_owner(self, owner: Mapping[str, Any]) -> None:
        _require_folder(self.folder.path)
        self.folder.commit(OWNER, json.dumps(owner))

    def check(self) -> None:
        """Raise TakenError if another process writes the copy by now, and OSError if the copy is gone.

        Where a drive is no longer mounted, its folders would else be made anew on the disk below.
        """
        _require_folder(self.folder.path)
        there = Record.read(self.folder)
        if there is None or there.run != self.record.run:
            raise FileNotFoundError(errno.ENOENT, "the copy is not there any more", str(self.folder))
        # Of two that found the copy free at once the last to write the record goes on, long before a heartbeat tells.
        is_lost = bool(set(there.sessions) - set(self.record.sessions))
        rival = self._heartbeat.rival or (self.folder.owner() or {} if is_lost else None)
        if rival is not None:
            raise TakenError(f"{describe_use(self.folder, rival)}, and the copy is its own now")

    def holds(self, name: str, digest: str, size: int) -> bool:
        """Return whether a file is there, whole and with this content."""
        if self.record.files.get(name) != [digest]:
            return False
        if name not in self._checked:
            # A drive may have lost since what it took.
            with contextlib.suppress(OSError, KerasTuneError):
                if (self.folder.path / name).stat().st_size == size:
                    self._checked.add(name)
        return name in self._checked

    def announce(self, hashes: Mapping[str, str]) -> None:
        """Write down which contents are about to be written, so that a write that is cut short is seen to be one."""
        for name, digest in hashes.items():
            known = self.record.files.get(name, [""])
            self.record.files[name] = [*(one for one in known if one != digest), digest]
            self._checked.discard(name)
        if hashes:
            self.record.write(self.folder)

    def write(self, name: str, content: bytes) -> None:
        """Write a file that was announced."""
        _require_folder(self.folder.path)
        self.folder.commit(name, content)
        self._checked.add(name)

    def settle(self, removals: Iterable[str], manifest: str | None) -> None:
        """Write down that everything announced is there; then remove what is gone from the run.

        `manifest` is that of the run as the copy is now; None where it is what it was.
        """
        self.record.files = {name: hashes[-1:] for name, hashes in self.record.files.items()}
        if manifest is not None:
            self.record.manifest = manifest
        self.record.write(self.folder)
        gone = [name for name in removals if name in self.record.files]
        for name in gone:
            self.folder.remove(name)
            del self.record.files[name]
        if gone:
            self.record.write(self.folder)

    def describe(self) -> str:
        """Return how many files it holds."""
        return counted(len(self.record.files), "file")

    def leave(self) -> None:
        """Let other processes write the copy."""
        self._heartbeat.end(_SECONDS_TO_LEAVE)
        with contextlib.suppress(OSError, KerasTuneError):
            if (self.folder.owner() or {}).get("token") == self._owner["token"]:
                self.folder.remove(OWNER)


def open_copy(run: RunDirectory, root: str) -> Copy:
    """Return the copy of a run in the folder `root`, made where there is none.

    Raises TakenError where another process writes it, or has written it since this run directory was, and OSError or
    ResourceError where the folder cannot be written.
    """
    found = Link.read(run)
    link = found or Link()
    folder = RunDirectory(path_of(root) / _choose_folder(run, root, link))
    record = Record.read(folder)
    if record is None or record.run != link.run:
        record = Record(link.run, "")
    refuse_use(folder)
    if set(record.sessions) - set(link.sessions):
        raise TakenError(
            f"output.mirror: {folder} was written from elsewhere since {run} was, and is further or another run. To go "
            f"on from the copy, move {run} away; to go on from {run}, move the copy away or name another output.mirror"
        )
    if folder.is_local:
        _require_folder(Path(root).parent)
    folder.path.mkdir(parents=True, exist_ok=True)
    if folder.is_local:
        folder.remove_partial_files()
    record.directory = Path(str(run)).name
    # Here first: a copy that knows more processes than its run is taken for one of elsewhere.
    link.begin_session(run, folder.path.name)
    record.sessions = list(link.sessions)
    record.write(folder)
    return Copy(folder, record)


def _require_folder(path: Path) -> None:
    if not path.is_dir():
        raise FileNotFoundError(errno.ENOENT, "there is no such folder; is the drive mounted?", str(path))


def _choose_folder(run: RunDirectory, root: str, link: Link) -> str:
    """Return the name of this run's copy: that of the run directory, or with a number that no other run has."""
    own = Path(str(run)).name
    numbered = (f"{own}-copy-{number}" for number in itertools.count(2))
    for name in itertools.chain([link.folder or own], numbered):
        folder = RunDirectory(path_of(root) / name)
        record = Record.read(folder)
        if record is not None and record.run == link.run:
            return name
        if record is None and (name == link.folder or not folder.exists(MANIFEST)):
            return name
    raise AssertionError("numbers end")


def refuse_use(folder: RunDirectory) -> None:
    """Raise TakenError where another process writes a copy."""
    owner = folder.owner()
    if owner is not None and _is_alive(owner):
        minutes = run_lock.STALE_SECONDS / 60
        raise TakenError(
            f"{describe_use(folder, owner)}; wait for it to end, or name another output.mirror. If it is dead, the "
            f"copy is free {minutes:.0f} minutes after its last heartbeat ({owner.get('beat', '?')})"
        )


def describe_use(folder: RunDirectory, owner: Mapping[str, Any]) -> str:
    """Return the sentence on who writes a copy."""
    return (
        f"output.mirror: {folder} is in use by process {owner.get('process', '?')} on {owner.get('host', '?')} since "
        f"{owner.get('since', '?')}"
    )


def _is_alive(owner: Mapping[str, Any]) -> bool:
    if not run_lock.is_beating(owner):
        return False
    if run_lock.is_elsewhere(owner):
        return True
    if owner.get("process") == os.getpid():
        # An earlier run of this process, which lost the drive before it could take its name away.
        return False
    try:
        os.kill(int(owner["process"]), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def list_names(run: RunDirectory) -> list[str]:
    """Return the names of the files of a run, sorted, without hidden and partial ones."""
    return sorted(_list(run, "")) if run.path.exists() else []


def _list(run: RunDirectory, folder: str) -> Iterator[str]:
    for entry in entries(run.path / folder if folder else run.path):
        name = posixpath.join(folder, entry.name)
        if entry.name.startswith(".") or is_partial(name):
            continue
        if entry.is_dir():
            yield from _list(run, name)
        else:
            yield name
