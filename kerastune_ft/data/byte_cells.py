"""Cells that are files themselves, as Parquet files of Hugging Face have images and sounds: bytes, or bytes and a path.

The bytes are unpacked into the cache directory once, and are then files like any that a table names.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kerastune_ft import storage
from kerastune_ft.data.files.find import FileKind
from kerastune_ft.data.source import Report
from kerastune_ft.data.tables.file_columns import NamedFiles, find_named_files, shorten
from kerastune_ft.data.tables.templates import input_texts
from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.errors import DataError
from kerastune_ft.stores.cached_folder import open_folder

_BYTES, _PATH = "bytes", "path"


def holds_bytes(cells: Sequence[Any]) -> bool:
    """Return whether cells are files: bytes that are no text, or objects of bytes and a path."""
    first = next((cell for cell in cells if cell is not None), None)
    if isinstance(first, Mapping):
        return _BYTES in first and set(first) <= {_BYTES, _PATH, "sampling_rate", "array"}
    return isinstance(first, bytes) and not _is_text(first)


def find_input_files(
    table: TextTable, wanted: str, file_kind: FileKind, cache_directory: Path, report: Report, key: str = "data.input"
) -> NamedFiles:
    """Return the file of every row: the one that `wanted`, a column or a template, names, or that its cell is.

    `key` is where the configuration says `wanted`.
    """
    if wanted in table.cells and holds_bytes(table.cells[wanted]):
        return unpack_cells(table, wanted, file_kind, cache_directory, report, key)
    return find_named_files(table, input_texts(table, wanted, key), file_kind)


def unpack_cells(
    table: TextTable, column: str, file_kind: FileKind, cache_directory: Path, report: Report, key: str = "data.input"
) -> NamedFiles:
    """Return the files in the cells of a column, unpacked into the cache directory the first time they are seen."""
    found = [_read_cell(table, column, row, key) for row in range(len(table.numbers))]
    digests = ["" if content is None else hashlib.sha256(content).hexdigest() for content, _ in found]
    contents = {digest: content for digest, (content, _) in zip(digests, found, strict=True) if content is not None}

    def write(folder: Path) -> None:
        for digest, content in contents.items():
            (folder / digest).write_bytes(content)

    address = hashlib.sha256("".join(sorted(contents)).encode()).hexdigest()[:32]
    work = f"unpacking {len(contents)} {file_kind.noun}s of {table.name}"
    folder = open_folder(cache_directory / "cells" / address, write, report, work, trusts_times=True)
    own = _own_names([path for _, path in found])
    paths, keys, names = [], [], []
    for row, (digest, (_, path)) in enumerate(zip(digests, found, strict=True)):
        beside = storage.normal(os.path.join(table.folder, path)) if path and not digest else ""
        paths.append(str(folder / digest) if digest else beside)
        keys.append(own.get(path, table.name_row(row)))
        names.append(f"{table.name_row(row)}: {shorten(path)}" if path else table.name_row(row))
    return NamedFiles(str(folder), paths, keys, names, keys, table.place, file_kind, are_cells=True)


def _read_cell(table: TextTable, column: str, row: int, key: str) -> tuple[bytes | None, str]:
    """Return the bytes and the path of a cell; None and nothing where it has none."""
    cell = table.cells[column][row]
    if isinstance(cell, Mapping):
        content, path = cell.get(_BYTES), cell.get(_PATH) or ""
    else:
        content, path = cell, ""
    if (content is not None and not isinstance(content, bytes)) or not isinstance(path, str):
        raise DataError(
            f'{key}: the column "{column}" of {table.path} holds files, and something else in {table.name_row(row)}; '
            "write bytes, or an object of bytes and path, in every row."
        )
    return content or None, path


def _own_names(paths: Sequence[str]) -> dict[str, str]:
    """Return the paths that are of one row alone, which name it."""
    return {path: path for path, count in Counter(paths).items() if path and count == 1}


def _is_text(content: bytes) -> bool:
    try:
        return "\0" not in content.decode()
    except UnicodeDecodeError:
        return False
