"""Writing data once, under a name that follows from their content."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kerastune_ft.durable import sync
from kerastune_ft.errors import ConfigError, explain_exhaustion
from kerastune_ft.storage import expand_home, is_remote, path_of

FOLDER = "data"
"""The folder of the files, in the directory of runs."""
_ADDRESS = 16
_BLOCK = 1 << 24


class Digest:
    """A hash that follows from values alone, whatever the version of the library that holds them."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def add(self, value: Any) -> None:
        """Take a value of Python or an array of NumPy in."""
        if isinstance(value, np.ndarray) and value.dtype.hasobject:
            # Their bytes are addresses in memory.
            self._add_bytes(b"o", repr(value.shape).encode())
            for item in value.flat:
                self.add(item)
        elif isinstance(value, np.ndarray):
            self._add_array(value)
        elif isinstance(value, bytes):
            self._add_bytes(b"b", value)
        elif isinstance(value, Mapping):
            self._add_bytes(b"m", json.dumps([str(key) for key in value]).encode())
            for item in value.values():
                self.add(item)
        else:
            self._add_bytes(b"v", repr(value).encode("utf-8", "backslashreplace"))

    def _add_array(self, values: np.ndarray) -> None:
        self._add_bytes(b"a", repr((values.dtype.str, values.shape)).encode())
        for part in blocks(values):
            self._hash.update(part)

    def _add_bytes(self, mark: bytes, content: bytes) -> None:
        self._hash.update(b"%s%d:" % (mark, len(content)))
        self._hash.update(content)

    @property
    def text(self) -> str:
        """The hash, hex."""
        return self._hash.hexdigest()


def blocks(values: np.ndarray) -> Iterable[Any]:
    """Yield the bytes of an array in order, part by part, so that no copy of a large one is made."""
    if not values.size:
        return
    if values.ndim == 0:
        yield values.tobytes()
        return
    rows = max(1, _BLOCK // max(1, values[:1].nbytes))
    for start in range(0, len(values), rows):
        yield np.ascontiguousarray(values[start : start + rows]).tobytes()


def write_once(
    directory: str | os.PathLike[str], name: str, suffix: str, digest: str, write: Callable[[Path], None]
) -> tuple[Path, bool]:
    """Return the file of some data in the folder `data` of a directory, and whether it was written just now.

    `write` writes it where it is not there; readers see the whole file or none. Raises ConfigError and ResourceError
    where it cannot be written.
    """
    folder = path_of(expand_home(directory)) / FOLDER
    target = folder / f"{name}-{digest[:_ADDRESS]}{suffix}"
    if target.is_file():
        return target, False
    with explain_exhaustion():
        folder.mkdir(parents=True, exist_ok=True)
        if is_remote(target):
            with tempfile.TemporaryDirectory() as local:
                write(Path(local) / target.name)
                target.write_bytes((Path(local) / target.name).read_bytes())
            return target, True
        _write_locally(target, write)
    return target, True


def _write_locally(target: Path, write: Callable[[Path], None]) -> None:
    partial = target.with_name(f".{os.getpid()}-{target.name}")
    try:
        write(partial)
        with open(partial, "rb+") as file:
            sync(file.fileno())
        os.replace(partial, target)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise


def write_table(columns: Mapping[str, Sequence[Any]], path: Path) -> None:
    """Write columns as a Parquet file; raise ConfigError for cells that it cannot hold."""
    import pyarrow
    import pyarrow.parquet

    arrays = {}
    for name, cells in columns.items():
        try:
            arrays[name] = cells if isinstance(cells, pyarrow.ChunkedArray) else pyarrow.array(cells, from_pandas=True)
        except (pyarrow.ArrowException, UnicodeEncodeError, OverflowError, ValueError) as problem:
            raise ConfigError(f'data: the column "{name}" cannot be written to a table: {problem}') from problem
    pyarrow.parquet.write_table(pyarrow.table(arrays), path)
