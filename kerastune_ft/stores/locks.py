"""Locks on files that the operating system releases when their holder ends, even if it is killed.

This uses `flock` directly because stores need shared locks too, which the filelock package lacks.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path


class Lock:
    """A held lock; any thread may release it, and the end of the process does too."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.descriptor = descriptor

    def share(self) -> bool:
        """Turn an exclusive lock into a shared one; another process may hold it exclusively in between.

        Returns whether the file is still there.
        """
        fcntl.flock(self.descriptor, fcntl.LOCK_SH)
        return _is_at(self.path, self.descriptor)

    def release(self) -> None:
        """Release the lock."""
        os.close(self.descriptor)

    def release_and_remove(self) -> None:
        """Delete the file and release the lock; only for exclusive locks."""
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()
        self.release()


def acquire(path: Path, *, shared: bool = False, wait: bool = False) -> Lock | None:
    """Lock a file, which is created if missing; return None if another process holds it, unless `wait`.

    Raises FileNotFoundError if the folder is gone.
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
        # The previous holder deleted the file: what was locked here no longer has a name.
        os.close(descriptor)


def remove_free(folder: Path) -> None:
    """Delete the lock files in a folder that nobody holds."""
    for path in list(folder.iterdir()):
        lock = acquire(path)
        if lock is not None:
            lock.release_and_remove()


def is_held(path: Path) -> bool:
    """Return whether any process holds the lock, shared or exclusive; needs no write permission."""
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
