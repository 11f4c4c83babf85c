"""Several tables read as one, each row known by its table, and files relative to the table that names them."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate
from typing import Any

from kerastune_ft import storage
from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.wording import first_names

_NAMED, _ROWS_SHOWN = 4, 5


@dataclass(frozen=True)
class JoinedTable(TextTable):
    """The rows of several tables, one table after the other."""

    parts: tuple[TextTable, ...] = ()
    base: str = ""
    """The folder that holds all of them, absolute."""

    @property
    def name(self) -> str:
        """The names of the tables, each relative to the folder of all."""
        return _name_parts(self.parts, self.base)

    @property
    def folder(self) -> str:
        """The folder that all tables lie in or below, absolute."""
        return self.base

    def folder_of(self, row: int) -> str:
        """Return the folder where the relative paths of a row begin, absolute."""
        return self._find(row)[0].folder

    def name_row(self, row: int) -> str:
        """Return what a row is called in messages, as `test.csv row 12`."""
        part, own = self._find(row)
        return f"{_name_part(part, self.base)} {part.name_row(own)}"

    def name_rows(self, rows: Sequence[int]) -> str:
        """Return what some rows are called in messages, as `train.csv row 2, test.csv row 12`."""
        return first_names(map(self.name_row, rows), _ROWS_SHOWN)

    def take(self, rows: Sequence[int]) -> JoinedTable:
        """Return a table of some rows, in ascending order."""
        ends = [*self._starts[1:], len(self.numbers)]
        own = [
            [row - start for row in rows if start <= row < end] for start, end in zip(self._starts, ends, strict=True)
        ]
        return self._with_parts([part.take(kept) for part, kept in zip(self.parts, own, strict=True)])

    def with_column(self, name: str, cells: Sequence[Any]) -> JoinedTable:
        """Return the same table with other cells in a column."""
        ends = [*self._starts[1:], len(self.numbers)]
        return self._with_parts(
            [
                part.with_column(name, cells[start:end])
                for part, start, end in zip(self.parts, self._starts, ends, strict=True)
            ]
        )

    def _with_parts(self, parts: Sequence[TextTable]) -> JoinedTable:
        numbers = [number for part in parts for number in part.numbers]
        return replace(self, numbers=numbers, cells=_Cells(parts), parts=tuple(parts))

    def _find(self, row: int) -> tuple[TextTable, int]:
        part = bisect_right(self._starts, row) - 1
        return self.parts[part], row - self._starts[part]

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *accumulate(len(part.numbers) for part in self.parts)][:-1]

    def check_column(self, name: str, key: str) -> None:
        """Raise ConfigError where one of the tables has no such column; `key` is where the configuration names it."""
        for part in self.parts:
            part.check_column(name, key)

    def texts(self, name: str, key: str) -> list[str]:
        """Return the texts of a column without blanks around them; a missing one is empty."""
        return [text for part in self.parts for text in part.texts(name, key)]

    def refuse_headless(self, columns: Iterable[str] | None = None) -> None:
        """Raise DataError where the first row of a table seems to hold an example and no names."""
        names = None if columns is None else list(columns)
        for part in self.parts:
            part.refuse_headless(names)


class _Column(Sequence[Any]):
    """The cells of a column, table after table; each is asked for where it is needed, as it may be a whole image."""

    def __init__(self, parts: Sequence[Sequence[Any]]) -> None:
        self._parts = parts
        self._starts = [0, *accumulate(map(len, parts))]

    def __getitem__(self, row: Any) -> Any:
        if isinstance(row, slice):
            return [self[one] for one in range(*row.indices(len(self)))]
        if not 0 <= row < len(self):
            raise IndexError(row)
        part = bisect_right(self._starts, row) - 1
        return self._parts[part][row - self._starts[part]]

    def __len__(self) -> int:
        return self._starts[-1]


class _Cells(Mapping[str, Sequence[Any]]):
    """The columns that all tables have, put together when asked for."""

    def __init__(self, parts: Sequence[TextTable]) -> None:
        self._parts = parts
        self._columns: dict[str, _Column] = {}

    def __getitem__(self, name: str) -> Sequence[Any]:
        if name not in self._columns:
            self._columns[name] = _Column([part.cells[name] for part in self._parts])
        return self._columns[name]

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._parts[0].columns if name in self)

    def __contains__(self, name: object) -> bool:
        return all(name in part.cells for part in self._parts)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def join_tables(parts: Sequence[TextTable]) -> TextTable:
    """Return the rows of all tables as one; a single table as it is."""
    if len(parts) == 1:
        return parts[0]
    base = find_common_folder([part.folder for part in parts])
    numbers = [number for part in parts for number in part.numbers]
    return JoinedTable(
        path=storage.path_of(base) / _name_parts(parts, base),
        place="row",
        numbers=numbers,
        cells=_Cells(parts),
        notes=tuple(dict.fromkeys(note for part in parts for note in part.notes)),
        has_header=any(part.has_header for part in parts),
        parts=tuple(parts),
        base=base,
    )


def _name_parts(parts: Sequence[TextTable], base: str) -> str:
    return first_names((_name_part(part, base) for part in parts), _NAMED)


def _name_part(part: TextTable, base: str) -> str:
    return storage.relative(storage.absolute(part.path), base)


def find_common_folder(folders: Sequence[str]) -> str:
    """Return the deepest folder that all of these absolute ones lie in or are."""
    steps = [folder.split("/") for folder in folders]
    shared = os.path.commonprefix(steps)
    return "/".join(shared) or "/"
