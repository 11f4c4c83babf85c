"""Tables with a row for each box: those of one picture are put together, and one without a box is a picture of none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kerastune_ft.config.options.data import Column, TableData
from kerastune_ft.data.inputs import UsableLabels
from kerastune_ft.data.labels.box_text import read_boxes, write_boxes
from kerastune_ft.data.labels.raw import BoxList, BoxLists
from kerastune_ft.data.labels.written_numbers import read_number
from kerastune_ft.data.tables.label_columns import LABEL_KEY, LabelCells
from kerastune_ft.data.tables.split_tables import SplitTables
from kerastune_ft.data.tables.templates import input_texts
from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.rules import NEWEST, Rules
from kerastune_ft.wording import lines

USUAL_EDGES = (
    ("xmin", "ymin", "xmax", "ymax"),
    ("x_min", "y_min", "x_max", "y_max"),
    ("x1", "y1", "x2", "y2"),
    ("left", "top", "right", "bottom"),
)
"""What the columns of left, upper, right and lower edge are called, in small letters."""
_SIZES = ("height", "width")
_FLAGS = ("iscrowd", "difficult")
_YES = frozenset(("1", "true", "yes", "1.0"))
_BOXES_KEY = "data.boxes"


@dataclass(frozen=True)
class BoxCells(LabelCells):
    """For each row, the boxes of a picture as one text."""

    def read(self, rows: Sequence[int], names: Sequence[str], options: Any, context: Any) -> UsableLabels:
        """Return the boxes of some rows."""
        texts = [self.text(row) for row in rows]
        lists = [read_boxes(text, name) for text, name in zip(texts, names, strict=True)]
        return UsableLabels(range(len(rows)), BoxLists(lists, are_fractions(lists)), texts)


def box_cells(table: TextTable, label: Any, rules: Rules = NEWEST) -> LabelCells:
    """Read the column that `gather_pictures` wrote the boxes of each picture into; empty ones are missing."""
    texts = [str(text) for text in table.cells[label]]
    return BoxCells(
        "single", (label,), [(text,) for text in texts], [row for row, text in enumerate(texts) if not text]
    )


def are_fractions(lists: Sequence[BoxList]) -> bool:
    """Return whether edges are fractions of a picture: none is above 1, and not all are whole."""
    every = np.concatenate([np.zeros((0, 4)), *(one.sides for one in lists)])
    return bool(len(every)) and bool(every.max() <= 1) and bool((every != np.round(every)).any())


def gather_pictures(tables: SplitTables, options: TableData) -> SplitTables:
    """Return tables with a row for each picture, its boxes as one text in the column of the label.

    Raises DataError for rows that are no boxes, and where rows of one picture say different things of it.
    """
    table = tables.table
    if not isinstance(options.label, str) or not isinstance(options.input, str):
        raise ConfigError(f"{LABEL_KEY}: every row is one box of one class; name one column of classes and one input.")
    edges = find_edges(table, options.boxes)
    table.check_column(options.label, LABEL_KEY)
    rows_of: dict[tuple[str, str], list[int]] = {}
    for row, text in enumerate(input_texts(table, options.input)):
        # Without a name there is no telling whose box it is, so such a row stays alone.
        rows_of.setdefault((table.folder_of(row), text or f"\0{row}"), []).append(row)
    reader = RowReader(table, options.label, edges)
    reader.refuse_other_rows()
    texts = [reader.write(rows) for rows in rows_of.values()]
    first = [rows[0] for rows in rows_of.values()]
    order = np.argsort(first, kind="stable").tolist()
    deciding = [options.group, options.splits.column if isinstance(options.splits, Column) else None]
    for name in filter(None, deciding):
        _refuse_different(table, name, list(rows_of.values()))
    _refuse_different_splits(tables, list(rows_of.values()))
    kept = [first[place] for place in order]
    gathered = table.take(kept).with_column(options.label, [texts[place] for place in order])
    return replace(tables, table=gathered, splits=[tables.splits[row] for row in kept])


def find_edges(table: TextTable, wanted: Sequence[str] | None) -> tuple[str, ...]:
    """Return the columns of the four edges: those wanted, or those with usual names."""
    if wanted is not None:
        for name in wanted:
            table.check_column(name, _BOXES_KEY)
        return tuple(wanted)
    if found := find_usual_edges(table.columns):
        return found
    table.check_column(USUAL_EDGES[0][0], _BOXES_KEY)
    raise ConfigError(
        f'{_BOXES_KEY}: name the columns of the edges, as  "boxes": ["xmin", "ymin", "xmax", "ymax"]  in data.'
    )


def find_usual_edges(columns: Sequence[str]) -> tuple[str, ...] | None:
    """Return the columns that are called as edges of boxes usually are; None where there are no such four."""
    known = {name.casefold(): name for name in reversed(columns)}
    return next((tuple(known[name] for name in names) for names in USUAL_EDGES if set(names) <= set(known)), None)


class RowReader:
    """Reads the rows of a table as boxes."""

    def __init__(self, table: TextTable, label: str, edges: Sequence[str]) -> None:
        self._table, self._labels = table, table.texts(label, LABEL_KEY)
        self._edge_names, self._label = edges, label
        self._edges = [table.texts(name, _BOXES_KEY) for name in edges]
        more = {name.casefold(): name for name in table.columns}
        self._flags: Mapping[str, list[str]] = {
            name: table.texts(more[name], _BOXES_KEY) for name in _FLAGS if name in more
        }
        has_sizes = all(name in more for name in _SIZES) and not {more[name] for name in _SIZES} & set(edges)
        self._sizes = [table.texts(more[name], _BOXES_KEY) for name in _SIZES] if has_sizes else []

    def find_problem(self, rows: Sequence[int]) -> str | None:
        """Return which of some rows is no box and why; None where all are boxes, or say that there is none."""
        return next((f"{self._table.name_row(row)} {why}" for row in rows if (why := self._explain(row))), None)

    def write(self, rows: Sequence[int]) -> str:
        """Return the boxes of some rows as one text; an empty one where a box has no class."""
        boxed = [row for row in rows if any(column[row] for column in self._edges)]
        if any(not self._labels[row] for row in boxed):
            return ""
        flags = {name: [cells[row].casefold() in _YES for row in boxed] for name, cells in self._flags.items()}
        boxes = BoxList.make(
            [[float(column[row]) for column in self._edges] for row in boxed],
            [self._labels[row] for row in boxed],
            self._table.name_row(rows[0]),
            crowd=flags.get("iscrowd", [False] * len(boxed)),
            difficult=flags.get("difficult", [False] * len(boxed)),
            size=self._find_size(rows[0]),
        )
        return write_boxes(boxes)

    def _find_size(self, row: int) -> tuple[int, int] | None:
        try:
            height, width = (int(float(column[row])) for column in self._sizes)
        except ValueError:
            return None
        return (height, width) if height > 0 and width > 0 else None

    def _explain(self, row: int) -> str | None:
        texts = [column[row] for column in self._edges]
        if not any(texts):
            return f"has the class {self._labels[row]} and no box" if self._labels[row] else None
        if all(read_number(text) is not None for text in texts):
            return None
        return f"has {', '.join(text or 'nothing' for text in texts)}, and no four edges"

    def refuse_other_rows(self) -> None:
        """Raise DataError for rows whose edges are no numbers, or that have a class and no box."""
        every = range(len(self._labels))
        if wrong := [(self._table.name_row(row), why) for row in every if (why := self._explain(row))]:
            names = ", ".join(self._edge_names)
            raise DataError(
                f"{_BOXES_KEY}: rows of {self._table.path} that are no boxes by {names}:\n{lines(wrong)}\n"
                "Write four numbers, or nothing in all four and no class for an image without objects."
            )


def _refuse_different(table: TextTable, name: str, rows_of: Sequence[Sequence[int]]) -> None:
    texts = table.texts(name, "data")
    wrong = [rows for rows in rows_of if len({texts[row] for row in rows}) > 1]
    if wrong:
        raise DataError(
            f'data: rows of one image have different texts in the column "{name}":\n'
            f"{lines([(table.name_rows(rows), '') for rows in wrong])}\nWrite one for all boxes of an image."
        )


def _refuse_different_splits(tables: SplitTables, rows_of: Sequence[Sequence[int]]) -> None:
    wrong = [rows for rows in rows_of if len({tables.splits[row] for row in rows}) > 1]
    if wrong:
        raise DataError(
            "data.splits: boxes of one image are in the tables of several splits:\n"
            f"{lines([(tables.table.name_rows(rows), '') for rows in wrong])}\nLeave an image in one split."
        )
