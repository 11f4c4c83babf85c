"""Parquet files, read with their own types: integers with gaps stay integers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet

from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.errors import DataError
from kerastune_ft.wording import first_names

_HELD_AS_BYTES = (
    pyarrow.types.is_binary,
    pyarrow.types.is_large_binary,
    pyarrow.types.is_fixed_size_binary,
    pyarrow.types.is_struct,
)
"""The types whose cells may be whole files, of which no copy is made before they are asked for."""


class _Cells(Sequence[Any]):
    """The cells of a column, made into Python values one by one."""

    def __init__(self, column: pyarrow.ChunkedArray):
        self._column = column

    def __getitem__(self, row: Any) -> Any:
        return self._column[row].to_pylist() if isinstance(row, slice) else self._column[row].as_py()

    def __len__(self) -> int:
        return len(self._column)


class _Columns(Mapping[str, Sequence[Any]]):
    """The columns by name, made into Python values when asked for: most tables have more than are used."""

    def __init__(self, table: pyarrow.Table):
        self._table = table

    def __getitem__(self, name: str) -> Sequence[Any]:
        if name not in self._table.column_names:
            raise KeyError(name)
        column = self._table.column(name)
        if any(test(column.type) for test in _HELD_AS_BYTES):
            return _Cells(column)
        # As a Python float, 0.1 of 32 bits would read 0.10000000149011612.
        if pyarrow.types.is_float32(column.type) or pyarrow.types.is_float16(column.type):
            exact = np.dtype(column.type.to_pandas_dtype()).type
            return [None if value is None else exact(value) for value in column.to_pylist()]
        try:
            return column.to_pylist()
        except UnicodeDecodeError:
            # A writer declared bytes of another encoding to be text; as bytes they are named by their row.
            return column.cast(pyarrow.large_binary()).to_pylist()

    def __iter__(self) -> Iterator[str]:
        return iter(self._table.column_names)

    def __len__(self) -> int:
        return self._table.num_columns


def read_parquet(path: Path, content: bytes) -> TextTable:
    """Read a Parquet file; the first row is row 1."""
    try:
        table = pyarrow.parquet.read_table(pyarrow.BufferReader(content))
    except (pyarrow.ArrowException, OSError) as problem:
        raise DataError(f"data.path: {path} is no Parquet file that can be read: {problem}") from problem
    double = [name for name, count in Counter(table.column_names).items() if count > 1]
    if double:
        raise DataError(
            f"data.path: {path} has columns of the same name: {first_names(double)}. Give each its own name."
        )
    return TextTable(path, "row", range(1, table.num_rows + 1), _Columns(table))
