"""Tables whose first row is an example and no header, so that one example would be lost without a word."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kerastune_ft import storage
from kerastune_ft.data.tables.cells import cell_text
from kerastune_ft.wording import first_names

_LOOKED_AT = 10_000
# A name that is a cell of its own column in so many rows is one of the labels.
_OFTEN = 0.01
_LONGEST_PATH = 1024
_MARKS = (",", ";", "\t", "|")
_FIRST, _SHOWN = 20, 60


def explain_headless(path: Path, folder: str, cells: Mapping[str, Sequence[Any]], columns: Iterable[str]) -> str:
    """Return why row 1 of a table seems to be an example, with what to write; nothing where it is a header.

    It is one where the name of a column is a file that is there, or comes again in many of the cells below it.
    `columns` are those that are looked at, and relative paths begin in `folder`.
    """
    names = [name for name in columns if name in cells]
    files = [name for name in names if _is_file(folder, name)]
    # Programs number the columns of arrays.
    numbers = {str(number) for number in range(len(cells))}
    again = [name for name in names if name not in numbers and _comes_again(cells[name], name)]
    if not files and not again:
        return ""
    why = f'"{files[0]}" is a file that is there' if files else f'"{again[0][:_SHOWN]}" comes again below it'
    shown = first_names([name[:_SHOWN] for name in cells], 5)
    header = ",".join(f"column{number + 1}" for number in range(len(cells)))
    return (
        f"row 1 of {path} seems to hold an example and not the names of the columns ({shown}): {why}.\n"
        f"Write a first row with a name for each column, as  {header[:_SHOWN]}"
    )


def explain_title(path: Path, cells: Mapping[str, Sequence[Any]]) -> str:
    """Return why the only name of a column seems to be a title; nothing where it is a name, or there are several.

    The cells below it all have a mark that separates others, and it has none.
    """
    if len(cells) != 1:
        return ""
    ((name, column),) = cells.items()
    some = [cell for cell in column[:_FIRST] if isinstance(cell, str) and cell]
    marks = [mark for mark in _MARKS if mark not in name and some and all(mark in cell for cell in some)]
    if not marks:
        return ""
    return (
        f'row 1 of {path} has one cell, "{name[:_SHOWN]}", and those below it have "{marks[0]}" in them, as '
        f"{some[0][:_SHOWN]}.\nIf it is a title or a comment, take it out, so that the first row names the columns"
    )


def _is_file(folder: str, name: str) -> bool:
    if "." not in name or len(name) > _LONGEST_PATH or "\n" in name:
        return False
    path = name if storage.is_absolute(name) else os.path.join(folder, name)
    try:
        return not storage.is_remote(path) and os.path.isfile(path)
    except (OSError, ValueError):
        return False


def _comes_again(cells: Sequence[Any], name: str) -> bool:
    some = cells[:_LOOKED_AT]
    count = sum(cell_text(cell) == name for cell in some)
    return count > max(1, _OFTEN * len(some))
