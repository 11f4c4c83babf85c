"""Writing files so that they are whole and on the disk, on file systems that can do less than others too."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator

# What file systems answer that have no such operation: FUSE, network and mounted cloud drives.
_NOT_THERE = {errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.ENOLCK, errno.EPERM, errno.EACCES}


def lacks_operation(error: OSError) -> bool:
    """Return whether an error says that a file system has not the operation that was asked for."""
    return error.errno in _NOT_THERE


@contextlib.contextmanager
def _ignore_lacking() -> Iterator[None]:
    """Go on where a file system cannot put on the disk what was written: it is then as safe as it can be there."""
    try:
        yield
    except OSError as error:
        if not lacks_operation(error):
            raise


def sync(descriptor: int) -> None:
    """Put what was written to an open file on the disk, where its file system can."""
    with _ignore_lacking():
        os.fsync(descriptor)


def sync_folder(folder: str | os.PathLike[str]) -> None:
    """Put the names in a folder on the disk, where its file system can."""
    with _ignore_lacking():
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def write_whole(partial: str | os.PathLike[str], target: str | os.PathLike[str], content: bytes) -> None:
    """Write a file so that readers see the old content or the new, never a part.

    It is written as `partial`, in the same folder, and takes its name when it is on the disk; where that fails, nothing
    of it is left. Raises OSError.
    """
    try:
        with open(partial, "wb") as file:
            file.write(content)
            file.flush()
            sync(file.fileno())
        os.replace(partial, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(partial)
        raise
    sync_folder(os.path.dirname(target) or ".")
