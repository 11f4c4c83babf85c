"""Data folders that come as .zip or .tar: unpacked once, by content, into the cache directory."""

from __future__ import annotations

import os
import shutil
import stat
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from filelock import FileLock

from kerastune_ft.data.files import npz
from kerastune_ft.data.files.fingerprint import file_sha256
from kerastune_ft.data.source import Report
from kerastune_ft.errors import OUT_OF_SPACE, DataError, ResourceError
from kerastune_ft.storage import is_remote

_UNREADABLE = (*npz.UNREADABLE, tarfile.TarError)
_SPARE_BYTES = 1 << 28


def is_archive(path: Path) -> bool:
    """Tell whether the file is one that `unpack_archive` can open, by its content."""
    # Looking into a pipe would wait for a writer for ever.
    return not is_remote(path) and path.is_file() and (zipfile.is_zipfile(path) or tarfile.is_tarfile(path))


def unpack_archive(path: Path, cache_directory: Path, report: Report) -> Path:
    """Return the folder that holds the archive's files, unpacking it the first time its content is seen."""
    target = cache_directory / "archives" / file_sha256(path, cache_directory)[:32]
    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(target.with_suffix(".lock")):
        if not target.exists():
            report(f"unpacking {path.name} into the cache, once")
            partial = target.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            _unpack(path, partial)
            os.replace(partial, target)
    return target


def _unpack(path: Path, target: Path) -> None:
    free = shutil.disk_usage(target).free - _SPARE_BYTES
    written = 0
    try:
        for name, size, file in _members(path):
            written += size
            if written > free:
                raise ResourceError(
                    f"data.path: {path} unpacks to more than the {free >> 20} MiB free in the cache directory.\n"
                    "Free some disk, or name a larger place in runtime.cache_directory."
                )
            place = target.joinpath(*_inside(name, path))
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.open("wb") as copy:
                _copy_exactly(file, copy, size)
    except _UNREADABLE as problem:
        if isinstance(problem, OSError) and problem.errno in OUT_OF_SPACE:
            raise
        raise DataError(
            f"data.path: {path} cannot be unpacked: {problem}.\nFetch or pack it again, without a password; a .zip or "
            ".tar(.gz, .bz2, .xz) of a folder with one sub-folder per class is expected."
        ) from problem


def _members(path: Path) -> Iterator[tuple[str, int, IO[bytes]]]:
    """Give the name, size and content of every regular file; links and devices are left out."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                if not entry.is_dir() and not stat.S_ISLNK(entry.external_attr >> 16):
                    with archive.open(entry) as file:
                        yield entry.filename, entry.file_size, file
        return
    with tarfile.open(path) as tar:
        for member in tar:
            content = tar.extractfile(member) if member.isreg() else None
            if content is not None:
                yield member.name, member.size, content


def _inside(name: str, path: Path) -> tuple[str, ...]:
    """Return the parts of a member's name, or raise DataError where it would be written outside the folder."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if not parts or ".." in parts or parts[0].startswith("/") or ":" in parts[0]:
        raise DataError(
            f"data.path: {path} holds the name {name!r}, which points outside the archive; it was not unpacked.\n"
            "Pack the folder again with names relative to it."
        )
    return parts


def _copy_exactly(source: IO[bytes], target: IO[bytes], size: int) -> None:
    """Copy at most `size` bytes: an entry that declares less than it holds must not fill the disk."""
    left = size
    while left and (block := source.read(min(left, 1 << 20))):
        target.write(block)
        left -= len(block)
    if left:
        raise EOFError("a file in it ends early")
