"""Paths that are URIs, through TensorFlow's file systems; TensorFlow's errors become those of Python.

TensorFlow supports `gs://`, and packages such as tensorflow-io add other schemes. `etils.epath` is not used: it knows
four schemes, passes on TensorFlow's own errors, and its stat results lack the nanoseconds that reveal changes.
"""

from __future__ import annotations

import contextlib
import errno
import importlib
import os
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from kerastune_ft.errors import ConfigError
from kerastune_ft.quiet_imports import tensorflow_import

_ABSENT = "NotFoundError"
_FORBIDDEN = ("PermissionDeniedError", "UnauthenticatedError")
# Here an object becomes visible only once it is complete; elsewhere files are visible while they are written.
_OBJECT_STORES = ("gs://", "s3://", "az://")
# Listings end the name of every folder with a slash, which saves a request per file.
_MARKS_FOLDERS = ("gs://",)
_REASON_LENGTH = 240


class UnreachableError(ConfigError, OSError):
    """A file system that does not respond or denies access."""

    def __init__(self, path: str, reason: str) -> None:
        """`reason` ends a sentence that begins with the path."""
        super().__init__(f"{path} cannot be reached: {reason}")
        self.errno, self.strerror = errno.EIO, reason

    def __str__(self) -> str:
        return str(self.args[0])


class RemotePath:
    """A URI with the methods of pathlib.Path that this package uses."""

    __slots__ = ("_anchor", "_way")

    def __init__(self, text: str) -> None:
        """`text` is the whole URI."""
        scheme, _, way = text.partition("://")
        self._anchor, self._way = f"{scheme}://", PurePosixPath(way)

    def _with(self, way: PurePosixPath) -> RemotePath:
        return RemotePath(f"{self._anchor}{way}")

    def __str__(self) -> str:
        return f"{self._anchor}{self._way}" if self._way.parts else self._anchor

    def __fspath__(self) -> str:
        return str(self)

    def __repr__(self) -> str:
        return f"RemotePath({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RemotePath) and str(self) == str(other)

    def __lt__(self, other: RemotePath) -> bool:
        return str(self) < str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    def __truediv__(self, name: str | os.PathLike[str]) -> RemotePath:
        text = os.fspath(name)
        return RemotePath(text) if "://" in text else self._with(self._way / text)

    def joinpath(self, *names: str) -> RemotePath:
        """Return the path with names appended."""
        return self._with(self._way.joinpath(*names))

    @property
    def name(self) -> str:
        """The last part."""
        return self._way.name

    @property
    def stem(self) -> str:
        """The last part without its suffix."""
        return self._way.stem

    @property
    def suffix(self) -> str:
        """The suffix of the last part, with its dot."""
        return self._way.suffix

    @property
    def suffixes(self) -> list[str]:
        """All suffixes of the last part."""
        return self._way.suffixes

    @property
    def parent(self) -> RemotePath:
        """The parent folder; a bucket is its own parent."""
        return self._with(self._way.parent) if len(self._way.parts) > 1 else self

    def with_name(self, name: str) -> RemotePath:
        """Return the path with another last part."""
        return self._with(self._way.with_name(name))

    def absolute(self) -> RemotePath:
        """Return the path itself: URIs are absolute."""
        return self

    def resolve(self) -> RemotePath:
        """Return the path itself: URIs have no symbolic links."""
        return self

    def is_absolute(self) -> bool:
        """Return True: URIs are absolute."""
        return True

    def stat(self) -> os.stat_result:
        """Return the size, the time of the last change, and whether it is a folder."""
        with _explain_errors(str(self)):
            found = _files().stat(str(self))
        kind = stat.S_IFDIR if found.is_directory else stat.S_IFREG
        seconds = found.mtime_nsec // 10**9
        times = (seconds, seconds, seconds)
        return os.stat_result((kind, 0, 0, 1, 0, 0, found.length, *times), {"st_mtime_ns": found.mtime_nsec})

    def exists(self) -> bool:
        """Return whether a file or folder exists."""
        return self._is(stat.S_IFDIR, stat.S_IFREG)

    def is_dir(self) -> bool:
        """Return whether it is a folder."""
        return self._is(stat.S_IFDIR)

    def is_file(self) -> bool:
        """Return whether it is a file."""
        return self._is(stat.S_IFREG)

    def is_symlink(self) -> bool:
        """Return False: URIs have no symbolic links."""
        return False

    def _is(self, *kinds: int) -> bool:
        try:
            return stat.S_IFMT(self.stat().st_mode) in kinds
        except FileNotFoundError:
            return False

    def iterdir(self) -> Iterator[RemotePath]:
        """Return the paths in a folder."""
        return (self / entry.name for entry in remote_entries(str(self)))

    def read_bytes(self) -> bytes:
        """Return the content of a file."""
        with _explain_errors(str(self)), _files().GFile(str(self), "rb") as file:
            return bytes(file.read())

    def read_text(self, encoding: str = "utf-8") -> str:
        """Return the content of a text file."""
        return self.read_bytes().decode(encoding)

    def write_bytes(self, content: bytes) -> None:
        """Write a file atomically: readers never see a partial one."""
        if str(self).startswith(_OBJECT_STORES):
            self._write(content)
            return
        partial = self.with_name(f".partial-{os.getpid()}-{self.name}")
        try:
            partial._write(content)
            partial.rename(self)
        except OSError:
            with contextlib.suppress(OSError):
                partial.unlink()
            raise

    def _write(self, content: bytes) -> None:
        with _explain_errors(str(self)), _files().GFile(str(self), "wb") as file:
            file.write(content)

    def mkdir(self, parents: bool = False, exist_ok: bool = False) -> None:
        """Create a folder and its parents, whatever `parents` says: object stores have no real folders."""
        if not exist_ok and self.exists():
            raise FileExistsError(errno.EEXIST, "is there already", str(self))
        with _explain_errors(str(self)):
            _files().makedirs(str(self))

    def unlink(self) -> None:
        """Delete a file."""
        with _explain_errors(str(self)):
            _files().remove(str(self))

    def rename(self, target: RemotePath) -> None:
        """Rename a file, or a folder with its content; an existing file of that name is replaced."""
        if self.is_dir():
            # Some file systems without real folders rename only the folder entry and leave its content.
            self._move_folder(target)
            return
        with _explain_errors(str(self)):
            _files().rename(str(self), str(target), overwrite=True)

    def _move_folder(self, target: RemotePath) -> None:
        target.mkdir(exist_ok=True)
        for entry in list(self.iterdir()):
            entry.rename(target / entry.name)
        # In object stores a folder disappears with its last object.
        with contextlib.suppress(FileNotFoundError), _explain_errors(str(self)):
            _files().rmtree(str(self))


@dataclass(frozen=True)
class RemoteEntry:
    """An entry of a remote folder."""

    name: str
    path: str
    is_folder: bool

    def is_dir(self) -> bool:
        """Return whether it is a folder."""
        return self.is_folder


def remote_entries(folder: str) -> Iterator[RemoteEntry]:
    """Yield the entries of a folder."""
    with _explain_errors(folder):
        names = _files().listdir(folder)
    tells = folder.startswith(_MARKS_FOLDERS)
    for found in names:
        name = found.rstrip("/")
        path = RemotePath(f"{folder.rstrip('/')}/{name}")
        if name and (tells or path.exists()):
            # Other file systems also list names that only begin like the folder, such as run-10 for run-1.
            yield RemoteEntry(name, str(path), found.endswith("/") if tells else path.is_dir())


def download(path: str, target: Path) -> None:
    """Copy a remote file to a local path."""
    with _explain_errors(path):
        _files().copy(path, str(target), overwrite=True)


def _files() -> Any:
    if "tensorflow" not in sys.modules:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        with tensorflow_import():
            importlib.import_module("tensorflow")
    return sys.modules["tensorflow"].io.gfile


@contextlib.contextmanager
def _explain_errors(path: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        # TensorFlow's errors are recognised by name, because TensorFlow may not be imported yet.
        if not hasattr(error, "error_code"):
            raise
        raise _as_python(error, path) from error


def _as_python(error: Exception, path: str) -> OSError:
    kind = type(error).__name__
    if kind == _ABSENT:
        return FileNotFoundError(errno.ENOENT, "no such file or folder", path)
    if kind == "ResourceExhaustedError":
        return OSError(errno.ENOSPC, "no space left", path)
    scheme = path.partition("://")[0]
    if kind == "UnimplementedError":
        there = ", ".join(f"{one}://" for one in sorted(_files().get_registered_schemes()) if one not in ("", "file"))
        return UnreachableError(
            path, f"TensorFlow has no file system for {scheme}:// here, only {there} (tensorflow-io adds more)"
        )
    # The path is added by the caller, so TensorFlow's own mention is cut off.
    said = " ".join(str(error).split()).partition(" when reading ")[0]
    reason = (said[:_REASON_LENGTH] or kind).rstrip(".")
    if kind in ("AlreadyExistsError", "InvalidArgumentError") and "irectory" in said:
        return IsADirectoryError(errno.EISDIR, reason, path)
    remedy = "; check its name and the network"
    if scheme == "gs":
        remedy += (
            ", and the credentials: gcloud auth application-default login, or GOOGLE_APPLICATION_CREDENTIALS with the "
            "file of a service account that may use the bucket"
        )
    denied = "access is denied: " if kind in _FORBIDDEN else ""
    return UnreachableError(path, f"{denied}{reason}{remedy}")
