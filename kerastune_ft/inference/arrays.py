"""Opens the array of an .npz file that holds the inputs to predict on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kerastune_ft.config.options.spectrograms import RATE_ARRAY
from kerastune_ft.data.files.npz import UNREADABLE, ArrayFile, array_names, read_header
from kerastune_ft.errors import ConfigError, DataError


def open_array(
    path: Path, name: str | None, cache_directory: Path, report: Callable[[str], None]
) -> tuple[ArrayFile, np.ndarray]:
    """Return an .npz file and one of its arrays, memory-mapped.

    Without a `name` it is the array `x`, or the only array beside the sample rate of sounds. Raises DataError for a
    file that cannot be read, and ConfigError where it has no such array or several and none is named.
    """
    if not path.is_file():
        raise DataError("is not there")
    names, chosen = _choose_array(path, name)
    if chosen not in names:
        absent = f"has no array {name!r}" if name else "has several arrays"
        raise ConfigError(
            f"{path} {absent}; name the one of the inputs with --input, one of {', '.join(names) or 'none'}"
        )
    file = ArrayFile(path, cache_directory, report)
    return file, file.array(str(chosen), "x")


def read_other_arrays(file: ArrayFile, name: str | None, rows: int) -> dict[str, Sequence[Any]]:
    """Return the arrays [rows] of numbers or texts beside the inputs, which `name` chooses as in `open_array`."""
    names, chosen = _choose_array(file.path, name)
    return {
        each: file.array(each, "x").tolist()
        for each in names
        if each != chosen and _read_shape(file.path, each) == (rows,)
    }


def _choose_array(path: Path, name: str | None) -> tuple[list[str], str | None]:
    """Return the names of the arrays that may be inputs, and the one that is wanted."""
    names = [each for each in array_names(path) if each != RATE_ARRAY]
    return names, name or ("x" if "x" in names else names[0] if len(names) == 1 else None)


def _read_shape(path: Path, name: str) -> tuple[int, ...] | None:
    """Return the shape of an array of plain values, without reading these; None for any other."""
    try:
        header = read_header(path, name)
    except UNREADABLE:
        return None
    return header.shape if header.dtype.kind in "biufUS" and header.dtype.itemsize else None
