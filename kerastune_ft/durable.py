"""Writing files so that they are whole and on the disk, on file systems that can do less than others too.

They are written from bytes in pieces, of which large ones are never together in memory.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

from kerastune_ft.wording import encode_text

# What file systems answer that have no such operation: FUSE, network and mounted cloud drives.
_NOT_THERE = {errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.ENOLCK, errno.EPERM, errno.EACCES}


_PIECE = 1 << 20


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


def write_whole(
    partial: str | os.PathLike[str], target: str | os.PathLike[str], content: bytes | Iterable[bytes | memoryview]
) -> None:
    """Write a file so that readers see the old content or the new, never a part.

    It is written as `partial`, in the same folder, and takes its name when it is on the disk; where that fails, nothing
    of it is left. `content` may be pieces, one after the other. Raises OSError.
    """
    try:
        with open(partial, "wb") as file:
            file.writelines([content] if isinstance(content, bytes) else content)
            file.flush()
            sync(file.fileno())
        os.replace(partial, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(partial)
        raise
    sync_folder(os.path.dirname(target) or ".")


class Content(Protocol):
    """The content of a file, which may be asked for as often as it is needed."""

    @property
    def size(self) -> int:
        """The number of its bytes."""

    def pieces(self) -> Iterator[bytes | memoryview]:
        """Yield its bytes in order."""


class Buffers:
    """Content that lies in memory, in the buffers of arrays for example, which must not change."""

    def __init__(self, buffers: Iterable[bytes | memoryview]) -> None:
        """`buffers` are of bytes, one after the other."""
        self._buffers = tuple(buffers)

    @property
    def size(self) -> int:
        """The number of its bytes."""
        return sum(len(buffer) for buffer in self._buffers)

    def pieces(self) -> Iterator[bytes | memoryview]:
        """Yield its bytes in order."""
        yield from self._buffers


class StoredFile:
    """The content of another file, which is there for as long as it is asked for."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def size(self) -> int:
        """The number of its bytes."""
        return self._path.stat().st_size

    def pieces(self) -> Iterator[bytes]:
        """Yield its bytes in order."""
        with self._path.open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece


def as_content(content: bytes | str | Content) -> Content:
    """Return bytes, or the bytes of a text, as a content; one that is one as it is."""
    if isinstance(content, str):
        content = encode_text(content)
    return Buffers([content]) if isinstance(content, bytes) else content


def hash_content(content: Content) -> str:
    """Return the SHA-256 of a content, in hexadecimal digits."""
    digest = hashlib.sha256()
    for piece in content.pieces():
        digest.update(piece)
    return digest.hexdigest()


def join_content(content: Content) -> bytes:
    """Return a content as one object, for what takes no pieces."""
    return b"".join(content.pieces())
