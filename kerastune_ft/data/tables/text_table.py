"""Tables as text: CSV, TSV, JSONL and Parquet files become columns of texts, so that ids keep their zeros.

A cell that is empty, blank or null is the empty text and counts as missing; "NA" and "None" are texts like any other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerastune_ft.config.words import nearest
from kerastune_ft.data.tables.cells import cell_text
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.wording import first_names


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

    @property
    def columns(self) -> list[str]:
        """Return the names of the columns, in order."""
        return list(self.cells)

    def name_row(self, row: int) -> str:
        """Return what a row is called in messages, as `row 12`."""
        return f"{self.place} {self.numbers[row]}"

    def check_column(self, name: str, key: str) -> None:
        """Raise ConfigError where the table has no such column; `key` is where the configuration names it."""
        if name not in self.cells:
            near = nearest(name, self.columns)
            hint = f'; did you mean "{near}"?' if near else "."
            raise ConfigError(
                f'{key}: {self.path} has no column "{name}"{hint}\nIts columns are {first_names(self.columns)}.'
            )

    def texts(self, name: str, key: str) -> list[str]:
        """Return the texts of a column without blanks around them; a missing one is empty."""
        self.check_column(name, key)
        texts: list[str] = []
        for row, cell in enumerate(self.cells[name]):
            text = cell_text(cell)
            if text is None:
                raise DataError(
                    f'{key}: the column "{name}" of {self.path} has no plain text or number in {self.name_row(row)}, '
                    f"but {_kind(cell)}.\n"
                    "Write one text or number per cell, several labels with a separator between them."
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
