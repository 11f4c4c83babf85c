"""File operations on local paths and on URIs such as `gs://bucket/folder`, with the same functions.

Local paths use fast calls of the operating system. URIs use TensorFlow's file systems; TensorFlow is imported only
then.
"""

from __future__ import annotations

import contextlib
import difflib
import glob
import os
import posixpath
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol, cast

from kerastune_ft.errors import DataError
from kerastune_ft.remote import RemotePath, UnreachableError, download, remote_entries

_URI = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
# Addresses of the web have no folders and no file system.
_WEB = ("http", "https", "ftp")


class Entry(Protocol):
    """An entry of a folder: a file or a sub-folder."""

    @property
    def name(self) -> str:
        """The name without the folder."""

    @property
    def path(self) -> str:
        """The full path."""

    def is_dir(self) -> bool:
        """Return whether it is a folder."""


def is_remote(path: str | os.PathLike[str]) -> bool:
    """Return whether a path is a URI of a remote file system."""
    found = _URI.match(os.fspath(path))
    return found is not None and found[1].lower() not in _WEB


def is_web_address(path: str | os.PathLike[str]) -> bool:
    """Return whether a path is an address of the web, such as `https://example.org/a.png`, which is not read."""
    found = _URI.match(os.fspath(path))
    return found is not None and found[1].lower() in _WEB


def find_name_fault(path: str | os.PathLike[str]) -> str | None:
    """Return why no file or folder can have this name, with a remedy; None where one can."""
    text = os.fspath(path)
    if is_web_address(text):
        return f"{text} is an address of the web, where no files are read or written; name a folder or file here"
    if "\0" in text:
        return f"{text!a} has a zero byte in it, which no file name has; take it out"
    try:
        os.fsencode(text)
    except UnicodeEncodeError as error:
        if 0xD800 <= ord(text[error.start]) <= 0xDFFF:
            return f"{text!a} has half a character in it, which no file name has; take it out"
        return (
            f"{text!a} has characters that file names cannot have in this process, whose locale is "
            f"{error.encoding}; set LC_ALL=C.UTF-8 or PYTHONUTF8=1"
        )
    return None


def path_of(path: str | os.PathLike[str]) -> Path:
    """Return a pathlib.Path, or for a URI an object with those of its methods that this package uses."""
    if not is_remote(path):
        return Path(path)
    # pathlib would take the second slash of a URI away, and its classes cannot be told not to before Python 3.12.
    return cast(Path, RemotePath(os.fspath(path)))


def expand_home(path: str | os.PathLike[str]) -> str:
    """Return a path that a user wrote with `~`, or `~name` of a user of this machine, as that home at its head.

    Any other name, as `~photos`, stays what it is, as for a shell; so does a URI, and `~` where no home is known.
    """
    text = os.fspath(path)
    if not text.startswith("~"):
        return text
    try:
        return os.path.expanduser(text)
    except ValueError:  # The name of no user: it has a null or half a character in it.
        return text


def path_of_user(path: str | os.PathLike[str]) -> Path:
    """Return the path that a user wrote, as `path_of`, with `~` at its head as the home."""
    # As text, because pathlib takes the ./ off ./~name, which says that no user is meant.
    return path_of(expand_home(path))


def absolute(path: str | os.PathLike[str]) -> str:
    """Return the absolute, normalised path."""
    return normal(path) if is_remote(path) else os.path.abspath(path)


def is_absolute(path: str) -> bool:
    """Return whether the path is absolute; URIs are."""
    return is_remote(path) or os.path.isabs(path)


def normal(path: str | os.PathLike[str]) -> str:
    """Return the path normalised, without parts such as `a/..`."""
    text = os.fspath(path)
    found = _URI.match(text)
    if found is None or not is_remote(text):
        return os.path.normpath(text)
    return found[0] + posixpath.normpath(text[found.end() :] or ".").removeprefix(".")


def real(path: str | os.PathLike[str]) -> str:
    """Return the path with symbolic links resolved; remote file systems have none."""
    return normal(path) if is_remote(path) else os.path.realpath(path)


def relative(path: str, start: str | os.PathLike[str]) -> str:
    """Return a path relative to a folder."""
    if is_remote(path) or is_remote(start):
        there, here = normal(path), normal(start)
        return "." if there == here else there.removeprefix(f"{here}/")
    return os.path.relpath(path, start)


def status(path: str) -> os.stat_result:
    """Return the stat result of a file: size, time of the last change, folder or file."""
    return path_of(path).stat() if is_remote(path) else os.stat(path)


def exists(path: str) -> bool:
    """Return whether a file or folder exists."""
    return path_of(path).exists() if is_remote(path) else os.path.exists(path)


def fits_something(path: str) -> bool:
    """Return whether a path exists, or a pattern of names such as `*.csv` or `**/*.csv` fits something."""
    if exists(path):
        return True
    return not is_remote(path) and glob.has_magic(path) and next(glob.iglob(path, recursive=True), None) is not None


def is_link(path: str) -> bool:
    """Return whether a path is a symbolic link, even a broken one."""
    return not is_remote(path) and os.path.islink(path)


def read(path: str) -> bytes:
    """Return the content of a file."""
    if is_remote(path):
        return path_of(path).read_bytes()
    with open(path, "rb") as file:
        return file.read()


def entries(folder: str | os.PathLike[str]) -> list[Entry]:
    """Return the entries of a folder, sorted by name."""
    if is_remote(folder):
        found: list[Entry] = list(remote_entries(os.fspath(folder)))
    else:
        with os.scandir(folder) as scanned:
            found = list(scanned)
    return sorted(found, key=lambda entry: entry.name)


def walk(folder: str) -> Iterator[tuple[str, list[str], list[str]]]:
    """Yield folder, names of sub-folders and names of files, as os.walk does; the caller may sort the sub-folders."""
    if not is_remote(folder):
        yield from os.walk(folder)
        return
    found = entries(folder)
    inside = [entry.name for entry in found if entry.is_dir()]
    yield folder, inside, [entry.name for entry in found if entry.name not in inside]
    for name in inside:
        yield from walk(f"{folder}/{name}")


@contextlib.contextmanager
def as_local_file(path: Path) -> Iterator[Path]:
    """Yield a local file with the content of `path`, for libraries without URIs; a copy is deleted at the end."""
    if not is_remote(path):
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        download(os.fspath(path), copy)
        yield copy


@contextlib.contextmanager
def as_local_folder(path: Path) -> Iterator[Path]:
    """Yield a local folder with all files below `path`; a copy is deleted at the end."""
    if not is_remote(path):
        yield path
        return
    with tempfile.TemporaryDirectory() as copy:
        for here, _, names in walk(os.fspath(path)):
            for name in names:
                target = Path(copy) / relative(os.path.join(here, name), path)
                target.parent.mkdir(parents=True, exist_ok=True)
                download(os.path.join(here, name), target)
        yield Path(copy)


def find_similar(path: Path, is_wanted: Callable[[Path], bool] = lambda path: True) -> Path | None:
    """Return the file or folder beside a path that is not there whose name must be meant; None where none is near.

    Names are compared without their suffixes, which many that have nothing in common share.
    """
    beside = [entry for entry in path.parent.iterdir() if is_wanted(entry)] if path.parent.is_dir() else []
    stems = {_stem(entry).casefold(): entry for entry in sorted(beside, key=lambda entry: entry.suffix == path.suffix)}
    near = difflib.get_close_matches(_stem(path).casefold(), stems, n=1, cutoff=0.7)
    return stems[near[0]] if near else None


def _stem(path: Path) -> str:
    return path.name.removesuffix(".gz").rpartition(".")[0] or path.name


def require_data(path: str | os.PathLike[str], key: str) -> Path:
    """Return the path of data; raise DataError, beginning with `key`, if it does not exist or cannot be reached."""
    with explain_unreachable(key):
        if not path_of(path).exists():
            raise DataError(f"{key}: nothing exists at {os.fspath(path)}")
    return path_of(path)


@contextlib.contextmanager
def explain_unreachable(key: str) -> Iterator[None]:
    """Turn the error of an unreachable file system into a DataError that begins with `key`."""
    try:
        yield
    except UnreachableError as error:
        raise DataError(f"{key}: {error}") from error
