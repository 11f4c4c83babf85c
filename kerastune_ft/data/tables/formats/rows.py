"""From the rows of a sheet or a delimited file, the first of which names the columns, to a table."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from kerastune_ft.data.tables.formats.header import check_header, explain_row_length
from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.errors import DataError
from kerastune_ft.rules import NEWEST, Rules


def table_of_rows(
    path: Path,
    records: Iterable[tuple[int, list[str]]],
    separator: str = "",
    notes: tuple[str, ...] = (),
    rules: Rules = NEWEST,
    keeps_empty: bool = False,
) -> TextTable:
    """Return the table of numbered records; rows without any text are left out.

    `separator` are the words for what stands between the cells, where text was divided; with `keeps_empty` a record of
    one empty cell was written down as such, and stays where the header has one name. Raises DataError where the first
    record is no header, or where a row is longer or shorter than it.
    """
    records = list(records)
    kept = [""] if keeps_empty and records and len(records[0][1]) == 1 else None
    found = [
        (number, record) for number, record in records if number == 1 or any(map(str.strip, record)) or record == kept
    ]
    header = [name.strip() for name in found[0][1]] if found and found[0][0] == 1 else []
    numbers, rows = [number for number, _ in found[1:]], [record for _, record in found[1:]]
    check_header(path, header, rows, numbers, rules)
    for number, record in zip(numbers, rows, strict=True):
        if len(record) < len(header) or any(map(str.strip, record[len(header) :])):
            raise DataError(explain_row_length(path, number, record, header, separator))
    columns = list(zip(*(record[: len(header)] for record in rows), strict=True)) or [()] * len(header)
    cells = dict(zip(header, columns, strict=True))
    # Spreadsheets leave empty columns without a name behind; there is nothing to call them by.
    cells.pop("", None)
    return TextTable(path, "row", numbers, cells, notes, has_header=True)
