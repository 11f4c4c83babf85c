"""Tables as text: CSV, TSV, JSONL and Parquet files become columns of texts, so that ids keep their zeros.

A cell that is empty, blank or null is the empty text and counts as missing; "NA" and "None" are texts like any other.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kerastune_ft import storage
from kerastune_ft.config.words import nearest
from kerastune_ft.data.in_memory.written_names import is_of_list
from kerastune_ft.data.remedies import other_data
from kerastune_ft.data.tables.cells import cell_text
from kerastune_ft.data.tables.headless import explain_headless, explain_title
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.wording import first_names

LABEL_KEY = "data.label"
"""Where a configuration names the column of labels."""
_ROWS_SHOWN, _NAME_SHOWN = 5, 60


@dataclass(frozen=True)
class TextTable:
    """The rows of a table that hold anything, read as text column by column."""

    path: Path
    place: str
    """The word for a row: `row` where a spreadsheet shows its number (the header is row 1), else `line`."""
    numbers: Sequence[int]
    """For each row, the number under which the user finds it."""
    cells: Mapping[str, Sequence[Any]]
    """For each column, the cells as the file has them."""
    notes: tuple[str, ...] = ()
    has_header: bool = False
    """Whether the names of the columns are the first row of the file."""

    @property
    def name(self) -> str:
        """The name of the file."""
        return self.path.name

    @property
    def folder(self) -> str:
        """The folder of the table, absolute, where the relative paths in its cells begin."""
        return os.path.dirname(storage.absolute(self.path))

    def folder_of(self, row: int) -> str:
        """Return the folder where the relative paths of a row begin, absolute."""
        return self.folder

    @property
    def columns(self) -> list[str]:
        """Return the names of the columns, in order."""
        return list(self.cells)

    def name_row(self, row: int) -> str:
        """Return what a row is called in messages, as `row 12`."""
        return self._name_places([row]) or f"{self.place} {self.numbers[row]}"

    def name_rows(self, rows: Sequence[int]) -> str:
        """Return what some rows are called in messages, as `rows 2, 12`."""
        shown = first_names([str(self.numbers[row]) for row in rows], _ROWS_SHOWN)
        return self._name_places(rows) or f"{self.place}s {shown}"

    def _name_places(self, rows: Sequence[int]) -> str:
        """Return the places of rows in the list that the table was written from; empty for other tables."""
        places = [f"[{self.numbers[row] - 1}]" for row in rows] if is_of_list(self.path.name) else []
        return first_names(places, _ROWS_SHOWN) if places else ""

    def take(self, rows: Sequence[int]) -> TextTable:
        """Return a table of some rows, in ascending order."""
        cells = {name: [column[row] for row in rows] for name, column in self.cells.items()}
        return replace(self, numbers=[self.numbers[row] for row in rows], cells=cells)

    def with_column(self, name: str, cells: Sequence[Any]) -> TextTable:
        """Return the same table with other cells in a column."""
        return replace(self, cells={**self.cells, name: cells})

    def check_column(self, name: str, key: str) -> None:
        """Raise ConfigError where the table has no such column; `key` is where the configuration names it."""
        if name not in self.cells:
            near = nearest(name, self.columns)
            hint = f'; did you mean "{near}"?' if near else "."
            raise ConfigError(
                f'{key}: {self.path} has no column "{name}"{hint}\nIts columns are {self._list_columns()}.'
                + (_explain_rename(self.columns, name) if other_data() else "")
                + (f"\nBut {headless}" if (headless := self._explain_headless(self.columns)) else "")
            )

    def refuse_headless(self, columns: Iterable[str] | None = None) -> None:
        """Raise DataError where the first row seems to hold an example and no names, by these columns or by all."""
        if headless := self._explain_headless(self.columns if columns is None else columns):
            raise DataError(f"data.path: {headless}")

    def _explain_headless(self, columns: Iterable[str]) -> str:
        if not self.has_header:
            return ""
        return explain_headless(self.path, self.folder, self.cells, columns) or explain_title(self.path, self.cells)

    def _list_columns(self) -> str:
        return first_names([name[:_NAME_SHOWN] for name in self.columns])

    def texts(self, name: str, key: str) -> list[str]:
        """Return the texts of a column without blanks around them; a missing one is empty."""
        self.check_column(name, key)
        texts: list[str] = []
        for row, cell in enumerate(self.cells[name]):
            text = cell_text(cell)
            if text is None:
                lists = (
                    f'; a list of labels is read by  "label": {{"column": "{name}"}}  and "multi_label": true in task'
                )
                hint = lists if key == LABEL_KEY else ""
                raise DataError(
                    f'{key}: the column "{name}" of {self.path} has no plain text or number in {self.name_row(row)}, '
                    f"but {_kind(cell)}.\n"
                    f"Write one text or number per cell{hint}."
                )
            texts.append(text)
        return texts


def _kind(cell: Any) -> str:
    if isinstance(cell, list | tuple):
        return "a list"
    if isinstance(cell, Mapping):
        return "an object"
    return (
        "bytes" if isinstance(cell, bytes) else "text that is no Unicode" if isinstance(cell, str) else "something else"
    )


def _explain_rename(columns: Sequence[str], name: str) -> str:
    """Return what can be done where other data than a run's own lacks a column."""
    renamed = f'{{"{columns[0]}": "{name}"}}' if columns else f'{{...: "{name}"}}'
    return (
        "\nOther data has the columns that the run was trained on: rename those that are meant, in pandas as  "
        f"df.rename(columns={renamed})"
    )
