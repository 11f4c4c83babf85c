"""The first row of a table: whether it names the columns, or is a title, a comment or an example."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from kerastune_ft.errors import DataError
from kerastune_ft.rules import NEWEST, Rules
from kerastune_ft.wording import counted, first_names

_LOOKED_AT = 20
_SHOWN = 60


def check_header(
    path: Path,
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    numbers: Sequence[int],
    rules: Rules = NEWEST,
) -> None:
    """Raise DataError where the first row does not name the columns of the rows below it.

    `numbers` are the rows' own, as messages give them; `rules` those of the run.
    """
    if not any(header):
        raise DataError(f"data.path: row 1 of {path} is empty; it must hold the names of the columns.")
    _refuse_title(path, header, rows, numbers)
    _refuse_row_names(path, header, rows)
    double = [name for name, count in Counter(header).items() if count > 1 and name]
    if double:
        columns = {name: [str(at + 1) for at, other in enumerate(header) if other == name] for name in double[:5]}
        places = "; ".join(f'"{name}" names the columns {first_names(at)}' for name, at in columns.items())
        raise DataError(f"data.path: {path} has columns of the same name: {places}. Give each its own name in row 1.")
    if rules.refuses_odd_headers:
        _refuse_second_header(path, header, rows, numbers)


def _refuse_title(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int]) -> None:
    """Raise DataError where row 1 has one cell and the rows below have more: a title, or a comment."""
    some = rows[:_LOOKED_AT]
    if not header[0].strip() or any(map(str.strip, header[1:])) or not some:
        return
    several = [at for at, row in enumerate(some) if _count_filled(row) > 1]
    if 2 * len(several) <= len(some):
        return
    at = several[0]
    width = Counter(len(row) for row in rows).most_common(1)[0][0]
    names = f"row {numbers[at]} holds {first_names([cell[:20] for cell in some[at]], 4)}"
    what = "a comment" if header[0].startswith(("#", "//")) else "a title"
    raise DataError(
        f'data.path: row 1 of {path} has one cell, "{header[0][:_SHOWN]}", and the rows below have {width}: it is '
        f"{what} and no header ({names}).\nTake out what stands above the names of the columns; or, if it is the name "
        "of the only column, put quotes around the cells below it."
    )


def _refuse_row_names(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Raise DataError where every row has one cell more than the header."""
    if len(rows) < 2 or any(len(row) != len(header) + 1 or not row[-1].strip() for row in rows):
        return
    first = first_names([cell[:20] for cell in rows[0]], 6)
    raise DataError(
        f"data.path: every row of {path} has {len(header) + 1} cells, one more than the header "
        f"({first_names(header, 6)}); the first is {first}. So the first column, of row names it seems, has no name.\n"
        "Write one in front of the header, as  row_name , or write the table without row names. If it is a separator "
        "inside a cell that makes one more, put quotes around the cell."
    )


def _refuse_second_header(
    path: Path, header: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int]
) -> None:
    """Raise DataError where the header comes again below, as where files were joined."""
    if len(header) < 2:
        return
    again = [numbers[at] for at, row in enumerate(rows) if [cell.strip() for cell in row[: len(header)]] == [*header]]
    if again:
        place = f"row {again[0]}" if len(again) == 1 else f"rows {first_names(map(str, again), 5)}"
        raise DataError(
            f"data.path: {place} of {path} {'is' if len(again) == 1 else 'are'} the header again "
            f"({first_names(header, 4)}), as where files were joined. Take {'it' if len(again) == 1 else 'them'} out."
        )


def _count_filled(row: Sequence[str]) -> int:
    return sum(bool(cell.strip()) for cell in row)


def explain_row_length(path: Path, number: int, record: Sequence[str], header: Sequence[str], separator: str) -> str:
    """Return the message about a row that is longer or shorter than the header; `separator` are the words for it."""
    remedy = f"Put quotes around cells with {separator} in them." if separator else "Give the columns names in row 1."
    remedy = remedy if len(record) > len(header) else "Complete the row, or take it out."
    return (
        f"data.path: row {number} of {path} has {counted(len(record), 'cell')}, and the header has {len(header)}: "
        f"{first_names([cell[:40] for cell in record], 6)}.\n{remedy}"
    )
