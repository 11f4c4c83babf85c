"""The type that labels have in a file that keeps types: whole numbers, floats, or true and false."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from kerastune_ft.data.files.npz import UNREADABLE, read_header
from kerastune_ft.storage import is_remote, path_of

_NUMPY_KINDS = {"b": "bool", "i": "int", "u": "int", "f": "float"}


def find_stored_type(data: Any) -> str | None:
    """Return `int`, `float` or `bool` where the labels of a configuration's `data` are such in a Parquet or .npz file.

    Anything else is None: words, files of text, several columns of labels, and files that cannot be read here.
    """
    path, column = getattr(data, "path", None), getattr(data, "label", None) or getattr(data, "y", None)
    if not isinstance(path, str) or not isinstance(column, str) or is_remote(path):
        return None
    read = _READERS.get(os.path.splitext(path)[1].lower())
    try:
        return read(str(path_of(path)), column) if read else None
    except UNREADABLE:
        # What is wrong with the file is said where the data are read.
        return None


def _read_parquet(path: str, column: str) -> str | None:
    import pyarrow.parquet

    found = pyarrow.parquet.read_schema(path).field(column).type
    kinds = {"bool": pyarrow.types.is_boolean, "int": pyarrow.types.is_integer, "float": pyarrow.types.is_floating}
    return next((name for name, is_one in kinds.items() if is_one(found)), None)


def _read_npz(path: str, name: str) -> str | None:
    header = read_header(path, name)
    return _NUMPY_KINDS.get(header.dtype.kind) if len(header.shape) == 1 else None


_READERS: Mapping[str, Callable[[str, str], str | None]] = {".parquet": _read_parquet, ".npz": _read_npz}
