"""Columns of numbers and words beside other inputs: their cells, and which of them are missing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from kerastune_ft.config.options.inputs import InputColumns
from kerastune_ft.data.labels.written_numbers import find_remedy, read_number
from kerastune_ft.data.remedies import other_data
from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.errors import DataError
from kerastune_ft.wording import counted, lines

MISSING = ("", "na", "n/a", "nan", "null", "none")
"""The texts, in lower case, of a cell of numbers that has none."""
_KEY = "data.input"
_SHOWN = 5


@dataclass(frozen=True)
class ColumnCells:
    """The cells of columns of numbers and words, by example."""

    numbers: Mapping[str, np.ndarray] = field(default_factory=dict)
    """By column, float64 [examples]; NaN where a number is missing."""
    words: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By column, the words; an empty text where one is missing."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all columns, numbers first."""
        return (*self.numbers, *self.words)

    def select(self, rows: Sequence[int]) -> ColumnCells:
        """Return the cells of some rows."""
        places = np.asarray(rows, np.int64)
        numbers = {name: values[places] for name, values in self.numbers.items()}
        return ColumnCells(numbers, {name: [words[row] for row in rows] for name, words in self.words.items()})

    def content(self, row: int) -> list[str]:
        """Return what a row gives, as texts."""
        numbers = [repr(float(values[row])) for values in self.numbers.values()]
        return [*numbers, *(words[row] for words in self.words.values())]


def parse_number(text: str) -> float | None:
    """Return the number of a cell: NaN where it is missing, and None where it is something else."""
    return math.nan if text.strip().lower() in MISSING else read_number(text)


def read_columns(table: TextTable, inputs: InputColumns) -> ColumnCells:
    """Return the cells of the columns of numbers and words of a table.

    Raises DataError for cells of numbers that hold something else, and ConfigError for columns that are not there.
    """
    numbers = {name: _read_numbers(table, name) for name in inputs.numbers or ()}
    return ColumnCells(numbers, {name: table.texts(name, f"{_KEY}.words") for name in inputs.words or ()})


def _read_numbers(table: TextTable, name: str) -> np.ndarray:
    texts = table.texts(name, f"{_KEY}.numbers")
    values = [parse_number(text) for text in texts]
    bad = [row for row, value in enumerate(values) if value is None]
    if bad:
        shown = [(f'{table.name_row(row)}: {name} is "{texts[row]}"', "") for row in bad]
        nearly = find_remedy(texts[row] for row in bad)
        remedy = f"{nearly}; or leave the cell empty" if nearly else "Write numbers, or leave the cells empty"
        words = "" if other_data() else f'; or name the column among "words" in data.input, if {name} is no number'
        raise DataError(
            f"{_KEY}.numbers: {counted(len(bad), 'cell')} of {name} in {table.path} {_are(bad)} no number:\n"
            f"{lines(shown, _SHOWN)}\n{remedy}{words}."
        )
    return np.array(values, np.float64)


def _are(found: Sequence[int]) -> str:
    return "is" if len(found) == 1 else "are"


def cells_of_rows(
    numbers: Iterable[str], words: Iterable[str], rows: Sequence[Mapping[str, str]]
) -> tuple[ColumnCells, list[str | None]]:
    """Return the cells of rows that hold texts by column, and for each row what is wrong with it, or None.

    A cell that is not there is missing.
    """
    problems: list[str | None] = [None] * len(rows)
    found: dict[str, np.ndarray] = {}
    for name in numbers:
        values = [parse_number(row.get(name, "")) for row in rows]
        for place, value in enumerate(values):
            if value is None:
                problems[place] = f'{name} is "{rows[place][name]}", which is no number'
        found[name] = np.array([math.nan if value is None else value for value in values], np.float64)
    return ColumnCells(found, {name: [row.get(name, "").strip() for row in rows] for name in words}), problems
