"""The arrays of an .npz file, unpacked into the cache once and memory-mapped."""

from __future__ import annotations

import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
from filelock import FileLock

from kerastune_ft.config.options.data import ArraysData
from kerastune_ft.data.files.download import fetch_to_cache
from kerastune_ft.data.files.fingerprint import file_sha256
from kerastune_ft.data.source import Report
from kerastune_ft.errors import DataError
from kerastune_ft.storage import path_of


class ArrayFile:
    """An .npz file, whose arrays are unpacked into the cache directory when they are first read."""

    def __init__(self, path: Path, cache_directory: Path, report: Report) -> None:
        """Raise DataError where there is no such file."""
        self.path, self._report = path, report
        self.digest = file_sha256(path, cache_directory)
        """SHA-256 of the file."""
        self.unpacked = cache_directory / "arrays" / self.digest[:32]

    def array(self, name: str, option: str) -> np.ndarray:
        """Return an array, memory-mapped; raise DataError naming data.`option` where it is not there or no array."""
        target = self.unpacked / f"{name}.npy"
        self.unpacked.mkdir(parents=True, exist_ok=True)
        with FileLock(self.unpacked / "lock"):
            if not target.exists():
                self._unpack(name, option, target)
        try:
            return np.load(target, mmap_mode="r", allow_pickle=False)
        except ValueError as problem:
            target.unlink()
            raise DataError(
                f"data.{option}: {name!r} in {self.path} cannot be read as plain numbers or text ({problem}).\n"
                "Pickled objects are not loaded. Save an array with a number or string dtype."
            ) from problem

    def has(self, name: str) -> bool:
        """Tell whether there is an array of this name, of a file of which one was read."""
        with zipfile.ZipFile(self.path) as archive:
            return f"{name}.npy" in archive.namelist()

    def _unpack(self, name: str, option: str, target: Path) -> None:
        try:
            with zipfile.ZipFile(self.path) as archive:
                found = [entry.removesuffix(".npy") for entry in archive.namelist()]
                if name not in found:
                    raise DataError(
                        f"data.{option}: {self.path} has no array {name!r}; it has {', '.join(found) or 'none'}.\n"
                        f'Write "{option}": "..." with one of them in data.'
                    )
                self._report(f"unpacking {name!r} of {self.path.name} into the cache, once")
                partial = target.with_suffix(".partial")
                with archive.open(f"{name}.npy") as packed, partial.open("wb") as file:
                    shutil.copyfileobj(packed, file, 1 << 20)
                os.replace(partial, target)
        except (zipfile.BadZipFile, OSError, KeyError) as problem:
            raise DataError(
                f"data.path: {self.path} is no readable .npz file ({problem}). "
                "Write it with numpy.savez(path, x=..., y=...)."
            ) from problem


def open_array_file(options: ArraysData, cache_directory: Path, report: Report) -> ArrayFile:
    """Return the file of data.path, fetched where it is not on this machine."""
    return ArrayFile(fetch_to_cache(path_of(options.path), cache_directory, report), cache_directory, report)
