"""Opens the array of an .npz file that holds the inputs to predict on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from kerastune_ft.config.options.spectrograms import RATE_ARRAY
from kerastune_ft.data.files.npz import ArrayFile, array_names
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
    names = [each for each in array_names(path) if each != RATE_ARRAY]
    chosen = name or ("x" if "x" in names else names[0] if len(names) == 1 else None)
    if chosen not in names:
        absent = f"has no array {name!r}" if name else "has several arrays"
        raise ConfigError(
            f"{path} {absent}; name the one of the inputs with --input, one of {', '.join(names) or 'none'}"
        )
    file = ArrayFile(path, cache_directory, report)
    return file, file.array(str(chosen), "x")
