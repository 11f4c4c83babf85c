"""Paths that are URIs, read and written through TensorFlow's file systems; its errors become those of Python.

TensorFlow brings `gs://` along, and packages such as tensorflow-io add others. `etils.epath` is not used for this: it
knows four schemes, hands on TensorFlow's own errors, and gives a status without the nanoseconds that tell changes.
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
# There an object appears when it is whole; elsewhere a file is seen while it is written.
_OBJECT_STORES = ("gs://", "s3://", "az://")
# Its listings end the name of every folder with a slash, so that no file has to be asked for.
_TELLS_FOLDERS = ("gs://",)
_REASON_LENGTH = 240


class UnreachableError(ConfigError, OSError):
    """A file system that does not answer, or does not let this program in."""

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
        """Return the path of something below."""
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
        """The ending of the last part, with its dot."""
        return self._way.suffix

    @property
    def suffixes(self) -> list[str]:
        """The endings of the last part."""
        return self._way.suffixes

    @property
    def parent(self) -> RemotePath:
        """The folder; a bucket is its own."""
        return self._with(self._way.parent) if len(self._way.parts) > 1 else self

    def with_name(self, name: str) -> RemotePath:
        """Return the path of something beside."""
        return self._with(self._way.with_name(name))

    def expanduser(self) -> RemotePath:
        """Return the path itself: there is no home to stand for."""
        return self

    def absolute(self) -> RemotePath:
        """Return the path itself, which says all of the way."""
        return self

    def resolve(self) -> RemotePath:
        """Return the path itself: there are no links."""
        return self

    def is_absolute(self) -> bool:
        """Tell that the path says all of the way."""
        return True

    def stat(self) -> os.stat_result:
        """Return size, time of the last change, and whether it is a folder."""
        with _explained(str(self)):
            found = _files().stat(str(self))
        kind = stat.S_IFDIR if found.is_directory else stat.S_IFREG
        seconds = found.mtime_nsec // 10**9
        times = (seconds, seconds, seconds)
        return os.stat_result((kind, 0, 0, 1, 0, 0, found.length, *times), {"st_mtime_ns": found.mtime_nsec})

    def exists(self) -> bool:
        """Tell whether there is anything."""
        return self._is(stat.S_IFDIR, stat.S_IFREG)

    def is_dir(self) -> bool:
        """Tell whether it is a folder."""
        return self._is(stat.S_IFDIR)

    def is_file(self) -> bool:
        """Tell whether it is a file."""
        return self._is(stat.S_IFREG)

    def is_symlink(self) -> bool:
        """Tell that it is no link."""
        return False

    def _is(self, *kinds: int) -> bool:
        try:
            return stat.S_IFMT(self.stat().st_mode) in kinds
        except FileNotFoundError:
            return False

    def iterdir(self) -> Iterator[RemotePath]:
        """Give what a folder holds."""
        return (self / entry.name for entry in remote_entries(str(self)))

    def read_bytes(self) -> bytes:
        """Return the content of a file."""
        with _explained(str(self)), _files().GFile(str(self), "rb") as file:
            return bytes(file.read())

    def read_text(self, encoding: str = "utf-8") -> str:
        """Return the content of a file of text."""
        return self.read_bytes().decode(encoding)

    def write_bytes(self, content: bytes) -> None:
        """Write a file that nobody sees before it is whole."""
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
        with _explained(str(self)), _files().GFile(str(self), "wb") as file:
            file.write(content)

    def mkdir(self, parents: bool = False, exist_ok: bool = False) -> None:
        """Make a folder; those above it are made whatever `parents` says, since a bucket has no need of them."""
        if not exist_ok and self.exists():
            raise FileExistsError(errno.EEXIST, "is there already", str(self))
        with _explained(str(self)):
            _files().makedirs(str(self))

    def unlink(self) -> None:
        """Delete a file."""
        with _explained(str(self)):
            _files().remove(str(self))

    def rename(self, target: RemotePath) -> None:
        """Give a file, or a folder with all in it, another name; a file of that name is replaced."""
        if self.is_dir():
            # Of file systems without folders some rename the name alone, and leave what is in it.
            self._move_folder(target)
            return
        with _explained(str(self)):
            _files().rename(str(self), str(target), overwrite=True)

    def _move_folder(self, target: RemotePath) -> None:
        target.mkdir(exist_ok=True)
        for entry in list(self.iterdir()):
            entry.rename(target / entry.name)
        # Where folders are but the beginnings of names, this one went with what was in it.
        with contextlib.suppress(FileNotFoundError), _explained(str(self)):
            _files().rmtree(str(self))


@dataclass(frozen=True)
class RemoteEntry:
    """What a folder holds under a name."""

    name: str
    path: str
    is_folder: bool

    def is_dir(self) -> bool:
        """Tell whether it is a folder."""
        return self.is_folder


def remote_entries(folder: str) -> Iterator[RemoteEntry]:
    """Give what a folder holds."""
    with _explained(folder):
        names = _files().listdir(folder)
    tells = folder.startswith(_TELLS_FOLDERS)
    for found in names:
        name = found.rstrip("/")
        path = RemotePath(f"{folder.rstrip('/')}/{name}")
        if name and (tells or path.exists()):
            # Others take `run-1` for the beginning of `run-10` too, and list what is not in the folder.
            yield RemoteEntry(name, str(path), found.endswith("/") if tells else path.is_dir())


def download(path: str, target: Path) -> None:
    """Copy a file to a local one."""
    with _explained(path):
        _files().copy(path, str(target), overwrite=True)


def _files() -> Any:
    if "tensorflow" not in sys.modules:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        with tensorflow_import():
            importlib.import_module("tensorflow")
    return sys.modules["tensorflow"].io.gfile


@contextlib.contextmanager
def _explained(path: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        # TensorFlow's errors are told by name: its module of errors is not there before it is imported.
        if not hasattr(error, "error_code"):
            raise
        raise _as_python(error, path) from error


def _as_python(error: Exception, path: str) -> OSError:
    kind = type(error).__name__
    if kind == _ABSENT:
        return FileNotFoundError(errno.ENOENT, "there is no such file or folder", path)
    if kind == "ResourceExhaustedError":
        return OSError(errno.ENOSPC, "no space left", path)
    scheme = path.partition("://")[0]
    if kind == "UnimplementedError":
        there = ", ".join(f"{one}://" for one in sorted(_files().get_registered_schemes()) if one not in ("", "file"))
        return UnreachableError(
            path, f"TensorFlow has no file system for {scheme}:// here; it has {there} (the package tensorflow-io adds)"
        )
    # What was being done is told by the path.
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
