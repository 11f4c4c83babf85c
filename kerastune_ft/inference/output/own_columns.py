"""The columns that tables have themselves, which predictions keep beside their answers."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kerastune_ft.data.byte_cells import holds_bytes
from kerastune_ft.inference.items import Item, Listing

_PREFIX = "table_"
Row = dict[str, Any]


class OwnColumns:
    """The cells of tables in the rows of their predictions, right behind the input.

    A column that has the name of one of the predictions' own is written as `table_<name>`, so that neither is lost.
    Columns of several tables that have one name are one column; a row of an input without it has None there.
    """

    def __init__(self, listings: Sequence[Listing], columns: Sequence[str], inputs: int = 1) -> None:
        """`columns` are those of the predictions; the first `inputs` of them hold the input."""
        self._listings, self._waiting = listings, deque[Row]()
        self._names, self.notes = _name_columns(listings, columns)
        self.columns = (*columns[:inputs], *self._names.values(), *columns[inputs:])
        """The names of all cells of a row, in order."""

    def items(self) -> Iterator[Item]:
        """Yield the items of all listings, of each of which `join` is to get the row, in order."""
        for listing in self._listings:
            for place, item in enumerate(listing.items):
                self._waiting.append({name: to_plain(cells[place]) for name, cells in listing.own.items()})
                yield item

    def join(self, row: Mapping[str, Any]) -> Row:
        """Return the row of the next item together with that item's own cells."""
        own = self._waiting.popleft()
        cells = {written: own.get(name) for name, written in self._names.items()}
        return {column: cells[column] if column in cells else row[column] for column in self.columns}


def _name_columns(listings: Sequence[Listing], columns: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Return for each own column its name in the predictions, and what the user should know of the names."""
    names: dict[str, str] = {}
    notes = []
    for own in (listing.own for listing in listings):
        for name, cells in own.items():
            if name in names:
                continue
            if holds_bytes(cells):
                notes.append(f"the column {name} holds files, and is not among the predictions")
                continue
            written = name
            while written in columns or written in names.values() or (written != name and written in own):
                written = _PREFIX + written
            names[name] = written
            if written != name:
                notes.append(f"the column {name} is written as {written}, since {name} is a column of predictions")
    return names, list(dict.fromkeys(notes))


def to_plain(cell: Any) -> Any:
    """Return a cell of a table as JSON has it; numbers and texts stay what they are in the file."""
    if hasattr(cell, "tolist"):
        cell = cell.tolist()
    if isinstance(cell, float):
        return cell if math.isfinite(cell) else None
    if cell is None or isinstance(cell, str | bool | int):
        return cell
    if isinstance(cell, Mapping):
        return {str(key): to_plain(value) for key, value in cell.items()}
    if isinstance(cell, list | tuple):
        return [to_plain(value) for value in cell]
    return cell.decode("utf-8", "backslashreplace") if isinstance(cell, bytes) else str(cell)
