"""Locks on files that the operating system releases when their holder ends, even if it is killed.

This uses `flock` directly because stores need shared locks too, which the filelock package lacks.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from pathlib import Path

from kerastune_ft.durable import lacks_operation


class Lock:
    """A held lock; any thread may release it, and the end of the process does too."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.descriptor = descriptor

    def share(self) -> bool:
        """Turn an exclusive lock into a shared one; another process may hold it exclusively in between.

        Returns whether the file is still there.
        """
        with contextlib.suppress(_NoLocksError):
            _flock(self.descriptor, fcntl.LOCK_SH)
        return _is_at(self.path, self.descriptor)

    def release(self) -> None:
        """Release the lock."""
        os.close(self.descriptor)

    def release_and_remove(self) -> None:
        """Delete the file and release the lock; only for exclusive locks."""
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()
        self.release()


class _NoLocksError(Exception):
    """The file system has no locks."""


def _flock(descriptor: int, kind: int) -> None:
    try:
        fcntl.flock(descriptor, kind)
    except BlockingIOError:
        raise
    except OSError as error:
        if lacks_operation(error):
            raise _NoLocksError from error
        raise


def acquire(path: Path, *, shared: bool = False, wait: bool = False, insists: bool = False) -> Lock | None:
    """Lock a file, which is created if missing; return None if another process holds it, unless `wait`.

    On a file system without locks it counts as held by another, so that nothing in use is removed, unless `wait` or
    `insists`: work is then done twice at worst. A shared lock needs no permission to write the file.
    Raises FileNotFoundError if the folder is gone.
    """
    kind = (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB)
    while True:
        descriptor = _open(path, shared)
        try:
            _flock(descriptor, kind)
            if _is_at(path, descriptor):
                return Lock(path, descriptor)
        except _NoLocksError:
            if wait or insists:
                return Lock(path, descriptor)
            os.close(descriptor)
            return None
        except BlockingIOError:
            os.close(descriptor)
            return None
        except BaseException:
            os.close(descriptor)
            raise
        # The previous holder deleted the file: what was locked here no longer has a name.
        os.close(descriptor)


def _open(path: Path, shared: bool) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        if not shared or error.errno not in (errno.EROFS, errno.EACCES, errno.EPERM):
            raise
        return os.open(path, os.O_RDONLY)


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
        _flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, _NoLocksError):
        return True
    finally:
        os.close(descriptor)
    return False


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(descriptor))
    except FileNotFoundError:
        return False
