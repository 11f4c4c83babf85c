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
    why = f'"{files[0]}" is a file that is there' if files else f'"{again[0]}" comes again below it'
    header = ",".join(f"column{number + 1}" for number in range(len(cells)))
    return (
        f"row 1 of {path} seems to hold an example and not the names of the columns "
        f"({first_names(cells, 5)}): {why}.\nWrite a first row with a name for each column, as  {header[:60]}"
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
