"""Data folders that come as .zip or .tar: unpacked once, by content, into the cache directory."""

from __future__ import annotations

import contextlib
import errno
import shutil
import stat
import tarfile
import zipfile
from collections.abc import Generator, Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from kerastune_ft.data.files import npz
from kerastune_ft.data.files.fingerprint import file_sha256
from kerastune_ft.data.source import Report
from kerastune_ft.errors import DataError, ResourceError
from kerastune_ft.storage import is_remote
from kerastune_ft.stores.cached_folder import open_folder

_UNREADABLE = (*npz.UNREADABLE, tarfile.TarError)
_BAD_NAMES = (errno.ENOTDIR, errno.EEXIST, errno.EISDIR, errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ)
_SPARE_BYTES = 1 << 28


def is_archive(path: Path) -> bool:
    """Tell whether the file is one that `unpack_archive` can open, by its content."""
    # Looking into a pipe would wait for a writer for ever.
    if is_remote(path) or not path.is_file():
        return False
    try:
        return zipfile.is_zipfile(path) or tarfile.is_tarfile(path)
    except _UNREADABLE:
        # A packed .tar that ends early; what it was is not to be told from its content any more.
        return False


def unpack_archive(path: Path, cache_directory: Path, report: Report) -> Path:
    """Return the folder that holds the archive's files, unpacking it the first time its content is seen."""
    return open_folder(
        cache_directory / "archives" / file_sha256(path, cache_directory)[:32],
        lambda folder: _unpack(path, folder),
        report,
        f"unpacking {path.name}",
        trusts_times=True,
    )


def _unpack(path: Path, target: Path) -> None:
    free = shutil.disk_usage(target).free - _SPARE_BYTES
    written = 0
    with contextlib.closing(_read_members(path)) as members:
        for name, size, blocks in members:
            written += size
            if written > free:
                raise ResourceError(
                    f"data.path: {path} unpacks to more than the {max(free, 0) >> 20} MiB free in the cache "
                    "directory.\nFree some disk, or name a larger place in runtime.cache_directory."
                )
            with _open_inside(target, name, path) as copy:
                for block in blocks:
                    copy.write(block)


def _open_inside(target: Path, name: str, path: Path) -> IO[bytes]:
    """Open the file of a member below the folder `target`; raise DataError where there can be none of its name."""
    place = target.joinpath(*_inside(name, path))
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        return place.open("wb")
    except (OSError, ValueError) as problem:
        if isinstance(problem, OSError) and problem.errno not in _BAD_NAMES:
            raise
        raise DataError(
            f"data.path: {path} holds the name {name!r}, which cannot be written here ({problem}).\n"
            "Pack the folder again with names that a file can have, each once."
        ) from problem


def _read_members(path: Path) -> Generator[tuple[str, int, Iterator[bytes]]]:
    """Yield the name, size and content of every regular file; raise DataError where the archive is damaged."""
    members = _members(path)
    with _explain_damage(path), contextlib.closing(members):
        for name, size, file in members:
            yield name, size, _read_exactly(file, size, path)


@contextlib.contextmanager
def _explain_damage(path: Path) -> Iterator[None]:
    try:
        yield
    except _UNREADABLE as problem:
        raise DataError(
            f"data.path: {path} cannot be unpacked: {problem}.\nFetch or pack it again, without a password; a .zip or "
            ".tar(.gz, .bz2, .xz) of the folder is expected."
        ) from problem


def _members(path: Path) -> Generator[tuple[str, int, IO[bytes]]]:
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


def _read_exactly(source: IO[bytes], size: int, path: Path) -> Iterator[bytes]:
    """Yield at most `size` bytes: an entry that declares less than it holds must not fill the disk."""
    left = size
    with _explain_damage(path):
        while left and (block := source.read(min(left, 1 << 20))):
            yield block
            left -= len(block)
        if left:
            raise EOFError("a file in it ends early")
