"""The run directory: the only place a run writes results to, and the only input of later commands.

Every file is written by `commit`, which is atomic: readers see either the old or the new file. `manifest.json` is
written last and lists the other files with size and hash.
"""

from __future__ import annotations

import contextlib
import csv
import datetime
import hashlib
import io
import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kerastune_ft import run_lock
from kerastune_ft.config.options.runtime import Runtime, cache_directory
from kerastune_ft.durable import Content, StoredFile, as_content, hash_content, join_content, write_whole
from kerastune_ft.durations import format_duration
from kerastune_ft.errors import OUT_OF_SPACE, ConfigError, ResourceError, describe_lack
from kerastune_ft.mounts import is_network
from kerastune_ft.rules import FIRST, NEWEST, Rules
from kerastune_ft.run_listener import Beneath, Listener
from kerastune_ft.run_logs import RunLogs
from kerastune_ft.storage import find_name_fault, is_remote, path_of
from kerastune_ft.wording import encode_text

MANIFEST = "manifest.json"
OWNER = ".lock.json"
_PARTIAL = ".partial-"


class RunDirectory:
    """Reads and writes the files of one run."""

    listener: Listener | None = None
    """Who hears of every change."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """`path` is a local directory or a URI such as `gs://bucket/run`, created with the first file written.

        Raises ConfigError for what no directory can be called.
        """
        if fault := find_name_fault(path):
            raise ConfigError(f"that is no run directory: {fault}")
        self.path = path_of(path)
        self._written: dict[str, dict[str, Any] | None] = {}
        self._logs = RunLogs(self.path)
        self._heartbeat: run_lock.Heartbeat | None = None
        self._above: RunDirectory | None = None

    def __str__(self) -> str:
        return str(self.path)

    @property
    def is_local(self) -> bool:
        """Whether the directory is on a local file system."""
        return not is_remote(self.path)

    @property
    def writer(self) -> RunDirectory | None:
        """The directory in the process that writes to it; None in worker processes that only read."""
        return self

    def beneath(self, name: str) -> RunDirectory:
        """Return the directory of a run within this one, such as a fold: under its lock, and heard by its listener."""
        found = RunDirectory(self.path / name)
        found._above, found.listener = self, Beneath(lambda: self.listener, name)
        return found

    @property
    def _is_taken_over(self) -> bool:
        """Whether another machine has locked the run since."""
        if self._above is not None:
            return self._above._is_taken_over
        return self._heartbeat is not None and self._heartbeat.rival is not None

    def exists(self, name: str) -> bool:
        """Return whether a file exists."""
        return (self.path / name).exists()

    def read_bytes(self, name: str) -> bytes:
        """Return the content of a file."""
        return (self.path / name).read_bytes()

    def read_json(self, name: str) -> Any:
        """Return the content of a JSON file; raises ConfigError where it is damaged."""
        try:
            return json.loads((self.path / name).read_text(encoding="utf-8"))
        except ValueError as error:
            raise _explain_damage(self.path / name, str(error)) from error

    def commit(self, name: str, content: bytes | str | Content) -> None:
        """Write a file atomically, a `Content` by its pieces: a reader sees the old content or the new, never a part.

        Raises ResourceError when the disk is full, and ConfigError when another machine has taken the run over.
        """
        data = as_content(content)
        target = self.path / name
        if self._is_taken_over and name != OWNER:
            # Two processes that write one run would make it neither's.
            raise self._in_use()
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            if self.is_local:
                write_whole(target.parent / f"{_PARTIAL}{os.getpid()}-{target.name}", target, data.pieces())
            else:
                target.write_bytes(join_content(data))
        except OSError as error:
            if error.errno in OUT_OF_SPACE:
                raise ResourceError(
                    f"{describe_lack(error)} for {target} ({data.size:,} bytes): free some, then run the same command "
                    "again; everything written before is intact"
                ) from error
            # Not that of the partial file, which nobody knows.
            error.filename, error.filename2 = os.fspath(target), None
            raise
        if self.listener is not None and not name.startswith("."):
            self.listener.note_write(name, data)
        # Checkpoints and the lock are temporary; the manifest lists only files that stay.
        if name != MANIFEST and not name.startswith(".") and "/checkpoint/" not in name:
            self._note(name, data)

    def take_in(self, names: Iterable[str]) -> None:
        """Add files that another process wrote to the manifest.

        Raises ConfigError for a file that is gone, or that the manifest already lists with other content.
        """
        known = (self.manifest() or {}).get("files", {})
        for name in names:
            if not self.exists(name):
                raise _explain_damage(self.path / name, "it is missing")
            data = StoredFile(self.path / name) if self.is_local else as_content(self.read_bytes(name))
            if name in known and known[name]["sha256"] != hash_content(data):
                raise ConfigError(
                    f"{self.path / name} differs from what the run wrote (SHA-256 in {MANIFEST}); restore it, or start "
                    "over with --fresh, which keeps this run aside"
                )
            self._note(name, data)

    def _note(self, name: str, data: Content) -> None:
        self._written[name] = {"bytes": data.size, "sha256": hash_content(data)}

    def commit_json(self, name: str, value: Any) -> None:
        """Write a JSON file; NaN and infinity become null, so that every parser reads it."""
        self.commit(name, json.dumps(_finite(value), indent=1, ensure_ascii=False) + "\n")

    def commit_csv(self, name: str, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
        """Write a CSV file; missing values become empty cells, numbers their shortest exact text."""
        text = io.StringIO()
        writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow({key: _cell(value) for key, value in row.items()})
        self.commit(name, text.getvalue())

    def remove(self, name: str) -> None:
        """Delete a file that nothing refers to any more."""
        with contextlib.suppress(FileNotFoundError):
            (self.path / name).unlink()
        self._written[name] = None
        if self.listener is not None and not name.startswith("."):
            self.listener.note_removal(name)

    def list_files(self, name: str) -> list[str]:
        """Return the names of the files in a sub-directory, sorted, without partial files of killed processes."""
        folder = self.path / name
        if not folder.exists():
            return []
        return sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith(_PARTIAL))

    def append(self, name: str, line: str) -> None:
        """Append a line to a log file."""
        self.append_bytes(name, encode_text(f"{line}\n"))

    def append_bytes(self, name: str, content: bytes) -> None:
        """Append to a log file; the manifest lists none of these.

        Objects in a bucket cannot be appended to: there all waits for the next manifest or the end of the lock.
        """
        if self._logs.append(name, content) and self.listener is not None:
            self.listener.note_append(name)

    def rewrite_log(self, name: str, content: bytes) -> None:
        """Write a log file anew, in one step."""
        self.commit(name, content + self._logs.take_waiting(name))
        # A log may grow at any time, so that no manifest can say what is in it.
        self._written.pop(name, None)

    def _write_logs(self) -> None:
        for name in self._logs.write_waiting():
            if self.listener is not None:
                self.listener.note_append(name)

    def event(self, kind: str, **fields: Any) -> None:
        """Add an event to events.jsonl."""
        self.append("events.jsonl", json.dumps({"time": now(), "event": kind, **_finite(fields)}, ensure_ascii=False))

    def manifest(self) -> dict[str, Any] | None:
        """Return the content of manifest.json, or None before the run has written one."""
        if not self.exists(MANIFEST):
            return None
        found = self.read_json(MANIFEST)
        if not isinstance(found, dict):
            raise _explain_damage(self.path / MANIFEST, "it holds no object")
        return found

    @property
    def rules(self) -> Rules:
        """The rules that the run began with; the newest where it has no plan yet."""
        if not self.exists("plan.json"):
            return NEWEST
        return Rules((self.manifest() or {}).get("rules", FIRST.version))

    def update_manifest(self, **fields: Any) -> None:
        """Write manifest.json with these fields changed and all committed files listed."""
        manifest = {**(self.manifest() or {"started": now()}), "updated": now(), **fields}
        files = {**manifest.get("files", {}), **self._written}
        manifest["files"] = {name: about for name, about in files.items() if about}
        self._write_logs()
        self.commit_json(MANIFEST, manifest)

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Lock the run directory for this process; a second process gets a ConfigError that names the owner.

        The operating system releases the lock when its owner ends, even if killed. Where such a lock keeps out the
        processes of this machine only, in a bucket or on a network file system, an owner elsewhere counts as alive
        until its heartbeat in `.lock.json` is three minutes old.
        """
        with contextlib.ExitStack() as stack:
            has_locks = self._hold(stack)
            by_content = not self.is_local or not has_locks or is_network(self.path)
            if by_content:
                self._refuse_owner_elsewhere()
            if self.is_local:
                self.remove_partial_files()
            owner = run_lock.describe_owner()
            self._write_owner(owner)
            if by_content:
                self._heartbeat = run_lock.Heartbeat(owner, self.owner, self._write_owner)
            try:
                with self._heartbeat or contextlib.nullcontext():
                    yield
            finally:
                self._leave()

    def _hold(self, stack: contextlib.ExitStack) -> bool:
        """Take the lock of the operating system until `stack` is closed; return whether there are such locks."""
        place = self._lock_file()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            place.parent.mkdir(parents=True, exist_ok=True)
            return stack.enter_context(run_lock.hold(place))
        except run_lock.HeldError:
            raise self._in_use() from None
        except OSError as error:
            raise unusable(self.path if self.is_local else place, error) from error

    def _refuse_owner_elsewhere(self) -> None:
        about = self.owner()
        if about is not None and run_lock.is_elsewhere(about) and run_lock.is_beating(about):
            raise ConfigError(
                f"{self._in_use()}; if that process is dead, the run is free {run_lock.STALE_SECONDS / 60:.0f} minutes "
                f"after its last heartbeat ({about['beat']})"
            )

    def _write_owner(self, owner: Mapping[str, Any]) -> None:
        self.commit(OWNER, json.dumps(owner))

    def _leave(self) -> None:
        """Write the lines that wait and remove the owner's file, unless another process has put its own there."""
        beat, self._heartbeat = self._heartbeat, None
        if beat is not None and beat.rival is not None:
            return
        try:
            self._write_logs()
        finally:
            self.remove(OWNER)

    def owner(self) -> Mapping[str, Any] | None:
        """Return process, host and time of the lock's owner, who may have been killed; None if there is none."""
        try:
            found = self.read_json(OWNER) if self.exists(OWNER) else None
        except (ConfigError, FileNotFoundError):
            # Damaged, or removed just now.
            return None
        return found if isinstance(found, dict) else None

    def _lock_file(self) -> Path:
        if self.is_local:
            return self.path / ".lock"
        # Not in runtime.cache_directory: two configurations of the same run must share this lock.
        name = hashlib.sha256(encode_text(str(self.path))).hexdigest()[:32]
        return cache_directory(Runtime()) / "locks" / f"{name}.lock"

    def _in_use(self) -> ConfigError:
        about = self.owner() or {}
        return ConfigError(
            f"{self.path} is in use by process {about.get('process', '?')} on {about.get('host', '?')} since "
            f"{about.get('since', '?')}{_time_ago(about.get('since'))}; wait for it to "
            "finish, or give another --run-dir"
        )

    def remove_partial_files(self) -> None:
        """Delete the partial files of killed processes; only the owner of the lock may do so."""
        for folder, _, names in os.walk(self.path):
            for name in names:
                if name.startswith(_PARTIAL):
                    os.unlink(os.path.join(folder, name))


def refuse_inside_run(path: str | os.PathLike[str], key: str) -> None:
    """Raise ConfigError, which begins with `key`, for a local path in a run directory: its files are the run's own."""
    place = Path(os.path.realpath(path))
    for folder in (place, *place.parents):
        if all(os.path.isfile(folder / name) for name in (MANIFEST, "config.json")) and _is_run(folder / MANIFEST):
            raise ConfigError(f"{key}: {os.fspath(path)} is in the run directory {folder}; name a place outside of it")


def _is_run(manifest: Path) -> bool:
    """Return whether a manifest.json is that of a run, or too damaged to tell."""
    try:
        found = json.loads(manifest.read_bytes())
    except (OSError, ValueError):
        return True
    return isinstance(found, dict) and "started" in found


def is_partial(name: str) -> bool:
    """Return whether a name, with or without folders, is that of a partially written file."""
    return name.rpartition("/")[2].startswith(_PARTIAL)


def _time_ago(since: Any) -> str:
    """Return how long ago a time was, in parentheses; empty if it cannot be parsed."""
    try:
        passed = datetime.datetime.now(datetime.UTC) - datetime.datetime.fromisoformat(since)
    except (TypeError, ValueError):
        return ""
    return f" ({format_duration(passed.total_seconds())} ago)"


def unusable(path: Path, error: OSError) -> ConfigError:
    """Return the error for a path that cannot be a run directory."""
    if isinstance(error, ConfigError):
        return error
    why = (error.strerror or str(error)).lower()
    return ConfigError(f"{path} cannot be used as a run directory: {why}; give another --run-dir or output.directory")


def _explain_damage(path: Path, why: str) -> ConfigError:
    return ConfigError(f"{path} is damaged ({why}); restore it, or start over with --fresh, which keeps this run aside")


def now() -> str:
    """Return the time in UTC, ISO 8601, to the second."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _cell(value: Any) -> Any:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return repr(float(value)) if isinstance(value, float) else value


def is_held(opened: RunDirectory) -> bool:
    """Return whether the process that locked the run is still alive, as far as this host can tell."""
    owner = opened.owner()
    if owner is None:
        return False
    if owner.get("host") != os.uname().nodename:
        return run_lock.is_beating(owner) if "beat" in owner else True
    try:
        os.kill(int(owner["process"]), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
