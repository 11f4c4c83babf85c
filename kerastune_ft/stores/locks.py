"""Locks on files that the operating system releases when their holder ends, however it ends.

`flock` itself, because stores need shared locks too, which filelock's locks on files are not.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path


class Lock:
    """A lock that is held, until it is released or its process ends; any thread may release it."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.descriptor = descriptor

    def share(self) -> bool:
        """Let others share the lock from now on; one of them may have had it alone before this returns.

        Returns whether its file is still there.
        """
        fcntl.flock(self.descriptor, fcntl.LOCK_SH)
        return _is_at(self.path, self.descriptor)

    def release(self) -> None:
        """Give the lock up."""
        os.close(self.descriptor)

    def release_and_remove(self) -> None:
        """Give the lock up and its file away, which only a holder may that does not share."""
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()
        self.release()


def acquire(path: Path, *, shared: bool = False, wait: bool = False) -> Lock | None:
    """Return the lock on a file, which is made where it is missing; None where others hold it, unless told to wait.

    Raises FileNotFoundError where its folder is gone.
    """
    kind = (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB)
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(descriptor, kind)
            if _is_at(path, descriptor):
                return Lock(path, descriptor)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except BaseException:
            os.close(descriptor)
            raise
        # Whoever had the lock gave its file away: what was locked here is nobody's file any more.
        os.close(descriptor)


def remove_free(folder: Path) -> None:
    """Delete the files of locks in a folder that nobody holds."""
    for path in list(folder.iterdir()):
        lock = acquire(path)
        if lock is not None:
            lock.release_and_remove()


def is_held(path: Path) -> bool:
    """Return whether any process holds the lock, shared or not; needs no right to write."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False
