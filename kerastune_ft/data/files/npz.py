"""The arrays of an .npz file, unpacked into the cache once and memory-mapped."""

from __future__ import annotations

import hashlib
import lzma
import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from kerastune_ft.config.options.data import ArraysData
from kerastune_ft.data.files.download import fetch_to_cache
from kerastune_ft.data.files.fingerprint import FileRecords, file_sha256
from kerastune_ft.data.source import Report
from kerastune_ft.errors import OUT_OF_SPACE, DataError
from kerastune_ft.storage import is_remote, path_of
from kerastune_ft.stores.cached_folder import open_folder

UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    RuntimeError,
    ValueError,
    OSError,
    LookupError,
)
"""The errors of reading a damaged ZIP archive; UnicodeDecodeError is a ValueError, a missing method a RuntimeError."""

_ENDING = ".npy"
_ARRAY = "array.npy"
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Header:
    """The shape and dtype of an array."""

    shape: tuple[int, ...]
    dtype: np.dtype


class ArrayFile:
    """An .npz file, whose arrays are unpacked into the cache directory when they are first read."""

    def __init__(self, path: Path, cache_directory: Path, report: Report) -> None:
        """Raise DataError where there is no such file."""
        self.path, self._report = path, report
        self.digest = file_sha256(path, cache_directory)
        """SHA-256 of the file."""
        self._cache = cache_directory

    def array(self, name: str, option: str) -> np.ndarray:
        """Return an array, memory-mapped; raise DataError naming data.`option` where it is not there or no array."""
        # An archive may hold any name, also one that would lead out of the cache directory.
        address = hashlib.sha256(f"{self.digest} {name}".encode("utf-8", "surrogatepass")).hexdigest()[:32]
        folder = open_folder(
            self._cache / "arrays" / address,
            lambda made: self._unpack(name, option, made / _ARRAY),
            self._report,
            f"unpacking {name!r} of {self.path.name}",
        )
        try:
            found: np.ndarray = np.load(folder / _ARRAY, mmap_mode="r", allow_pickle=False)
        except Exception as problem:  # NumPy's parser of headers raises almost anything on a hostile one.
            raise DataError(
                f"data.{option}: {name!r} in {self.path} cannot be read as plain numbers or text ({problem}).\n"
                "Pickled objects are not loaded. Save an array with a number or string dtype."
            ) from problem
        if not found.dtype.itemsize and found.dtype.kind not in "US":
            raise DataError(f"data.{option}: {name!r} in {self.path} has no values (dtype {found.dtype}).")
        return found

    def recall(self, what: str, learn: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Return facts about the file, as JSON values, which `learn` finds out unless they are remembered."""
        records = FileRecords(self._cache, f"{what} of {self.path.absolute()}")
        status = self.path.stat()
        facts = records.recall(self.path.name, status)
        if facts is None:
            facts = learn()
            records.remember(self.path.name, status, facts)
            records.save()
        return facts

    def has(self, name: str) -> bool:
        """Tell whether there is an array of this name, of a file of which one was read."""
        return name in array_names(self.path)

    def _unpack(self, name: str, option: str, target: Path) -> None:
        found = array_names(self.path)
        if name not in found:
            raise DataError(
                f"data.{option}: {self.path} has no array {name!r}; it has {', '.join(found) or 'none'}.\n"
                f'Write "{option}": "..." with one of them in data.'
            )
        with target.open("wb") as file:
            for block in self._read_blocks(name):
                file.write(block)

    def _read_blocks(self, name: str) -> Iterator[bytes]:
        """Yield the content of an array, part by part; raise DataError where the archive is damaged."""
        try:
            with zipfile.ZipFile(self.path) as archive, archive.open(f"{name}{_ENDING}") as packed:
                while block := packed.read(_BLOCK):
                    yield block
        except UNREADABLE as problem:
            raise explain_unreadable(self.path, problem) from problem


def array_names(path: Path) -> list[str]:
    """Return the names of the arrays in an .npz file; raise DataError where it is none."""
    try:
        with zipfile.ZipFile(path) as archive:
            return [name.removesuffix(_ENDING) for name in archive.namelist() if name.endswith(_ENDING)]
    except UNREADABLE as problem:
        raise explain_unreadable(path, problem) from problem


def read_header(path: str | os.PathLike[str], name: str) -> Header:
    """Return the header of an array in an .npz file, without reading its values; raises one of `UNREADABLE`."""
    with zipfile.ZipFile(path) as archive, archive.open(f"{name}{_ENDING}") as member:
        return parse_header(member)


def find_example_shape(data: Any) -> list[int] | None:
    """Return the shape of one example where a configuration's `data` are arrays; None for a file not read here."""
    if not isinstance(data, ArraysData) or is_remote(data.path):
        return None
    try:
        return list(read_header(path_of(data.path), data.x).shape[1:])
    except UNREADABLE:
        # What is wrong with the file is said where the data are read.
        return None


def parse_header(file: IO[bytes]) -> Header:
    """Return the header that the content of an array begins with; what follows in `file` are the values."""
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file)
    return Header(shape, dtype)


def explain_unreadable(path: Path, problem: Exception) -> Exception:
    """Return the DataError about a file that is no .npz file; no space left is another matter, and returned as it is.

    `problem` is one of `UNREADABLE`.
    """
    if isinstance(problem, OSError) and problem.errno in OUT_OF_SPACE:
        return problem
    return DataError(
        f"data.path: {path} is no readable .npz file ({problem}). Write it with numpy.savez(path, x=..., y=...)."
    )


def open_array_file(options: ArraysData, cache_directory: Path, report: Report) -> ArrayFile:
    """Return the file of data.path, fetched where it is not on this machine."""
    return ArrayFile(fetch_to_cache(path_of(options.path), cache_directory, report), cache_directory, report)
