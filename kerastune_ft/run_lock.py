"""One process at a time in a run directory: by a lock of the operating system, or by a file that says who is there.

Locks of the operating system end with their owner, even if it is killed. On network and mounted cloud file systems
two machines may both be given one; there the owner also writes its heartbeat into a file that others read.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from kerastune_ft.durable import lacks_operation
from kerastune_ft.errors import KerasTuneError

BEAT_SECONDS = 30.0
"""The time between two heartbeats of an owner."""
STALE_SECONDS = 180.0
"""The age of the last heartbeat from which on an owner on another machine is taken for dead."""
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class HeldError(Exception):
    """Another process holds the lock."""


@contextlib.contextmanager
def hold(place: Path) -> Iterator[bool]:
    """Lock a file for this process; yields whether its file system has locks, without which nobody is kept out.

    Raises HeldError where another process of this machine holds it, and OSError where the file cannot be made.
    """
    import filelock

    lock = filelock.FileLock(place)
    try:
        has_locks = True
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise HeldError from None
    except NotImplementedError:
        has_locks = False
    except OSError as error:
        # A folder that may not be written is no file system without locks.
        if not lacks_operation(error) or not os.access(place.parent, os.W_OK):
            raise
        has_locks = False
    try:
        yield has_locks
    finally:
        lock.release()


def describe_owner() -> dict[str, Any]:
    """Return a JSON object of this process as an owner, with a token that no other has, and a first heartbeat."""
    return {
        "process": os.getpid(),
        "host": os.uname().nodename,
        "boot": _read_boot_id(),
        "token": secrets.token_hex(8),
        "since": _now().isoformat(timespec="seconds"),
        "beat": _now().isoformat(timespec="seconds"),
    }


def is_elsewhere(owner: Mapping[str, Any]) -> bool:
    """Return whether an owner is, or was, on another machine, or in another container or boot of this one."""
    return (owner.get("host"), owner.get("boot")) != (os.uname().nodename, _read_boot_id())


def is_beating(owner: Mapping[str, Any]) -> bool:
    """Return whether the last heartbeat of an owner is recent; clocks of machines may differ by less than that."""
    try:
        beat = datetime.datetime.fromisoformat(owner["beat"])
        return abs((_now() - beat).total_seconds()) < STALE_SECONDS
    except (KeyError, TypeError, ValueError):
        return False


class Heartbeat:
    """Rewrites the file of an owner while it works, and notices when another process took its place."""

    def __init__(
        self,
        owner: Mapping[str, Any],
        read: Callable[[], Mapping[str, Any] | None],
        write: Callable[[Mapping[str, Any]], None],
    ) -> None:
        """`read` returns what the file says now, and `write` replaces it."""
        self._owner, self._read, self._write = owner, read, write
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat_until_end, name="heartbeat", daemon=True)
        self.rival: Mapping[str, Any] | None = None
        """The process that took the run directory over, if one did."""

    def beat(self) -> None:
        """Write a heartbeat, unless another process has taken the place."""
        # A file system that fails may do better at the next beat.
        with contextlib.suppress(OSError, KerasTuneError):
            found = self._read()
            if found is not None and found.get("token") != self._owner["token"]:
                self.rival = found
                return
            self._write({**self._owner, "beat": _now().isoformat(timespec="seconds")})

    def _beat_until_end(self) -> None:
        while not self._ended.wait(BEAT_SECONDS):
            self.beat()

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.end()

    def end(self, seconds: float | None = None) -> None:
        """Beat no more; waits for a beat under way, no longer than so many seconds."""
        self._ended.set()
        self._thread.join(seconds)


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _read_boot_id() -> str:
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""
