"""Reading shapes, types and value ranges of the arrays of an .npz file without loading them."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path

import numpy as np

from kerastune_ft.data.files.npz import UNREADABLE, Header, parse_header
from kerastune_ft.errors import DataError

_CHUNK = 1 << 24


def read_headers(path: Path) -> dict[str, Header]:
    """Return the headers of the arrays by name."""
    found: dict[str, Header] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.namelist():
                if entry.endswith(".npy"):
                    with archive.open(entry) as file:
                        header = parse_header(file)
                    _refuse_short(header, archive.getinfo(entry).file_size, entry)
                    found[entry.removesuffix(".npy")] = header
    except Exception as problem:  # NumPy's parser of headers raises almost anything on a hostile one.
        raise _refusal(path, problem) from problem
    return found


def value_range(path: Path, name: str) -> tuple[float, float, bool]:
    """Return the smallest and largest finite value of an array of numbers, and whether all of them are finite."""
    lows, highs, are_finite = [], [], True
    try:
        with zipfile.ZipFile(path) as archive, archive.open(f"{name}.npy") as file:
            dtype = parse_header(file).dtype
            while content := file.read(_CHUNK // dtype.itemsize * dtype.itemsize):
                values = np.frombuffer(content, dtype)
                finite = values[np.isfinite(values)]
                are_finite &= finite.size == values.size
                if finite.size:
                    lows.append(float(finite.min()))
                    highs.append(float(finite.max()))
    except UNREADABLE as problem:
        raise _refusal(path, problem) from problem
    return min(lows, default=0.0), max(highs, default=0.0), are_finite


def _refuse_short(header: Header, size: int, entry: str) -> None:
    """Raise ValueError where a header promises more than there is, for which memory would be asked."""
    if not header.dtype.hasobject and math.prod(header.shape) * header.dtype.itemsize > size:
        raise ValueError(f"{entry} is cut short: it has {size} bytes for shape {list(header.shape)}")


def _refusal(path: Path, problem: Exception) -> DataError:
    return DataError(f"{path} is not a readable .npz file ({problem}). Write it with numpy.savez.")
