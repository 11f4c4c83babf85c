"""CSV and TSV files, read record by record so that a mistake is named by its row.

The standard library's reader is used and not pandas, which fills short rows and drops long ones without a word.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.errors import DataError
from kerastune_ft.wording import first_names

_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_LOOKED_AT = 20
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")


def read_delimited(path: Path, content: bytes) -> TextTable:
    """Read a CSV or TSV file: UTF-8, a header, quotes around cells with separators or line ends."""
    text = _decode(path, content)
    usual = "\t" if ".csv" not in [suffix.lower() for suffix in path.suffixes] else ","
    separator = _separator(text, usual)
    records = _records(path, text, separator)
    header = [name.strip() for name in next(records)]
    _check_header(path, header)
    numbers: list[int] = []
    rows: list[list[str]] = []
    for number, record in enumerate(records, start=2):
        if not any(map(str.strip, record)):
            continue
        if len(record) < len(header) or any(map(str.strip, record[len(header) :])):
            raise DataError(_explain_row_lengths(path, number, record, header, separator))
        numbers.append(number)
        rows.append(record[: len(header)])
    columns = list(zip(*rows, strict=True)) or [()] * len(header)
    cells = dict(zip(header, columns, strict=True))
    # Spreadsheets leave empty columns without a name behind; there is nothing to call them by.
    cells.pop("", None)
    notes = () if separator == usual else (f"{path.name}: {_SEPARATORS[separator]} separate its cells",)
    return TextTable(path, "row", numbers, cells, notes)


def _decode(path: Path, content: bytes) -> str:
    if content.startswith(_WIDE_MARKS) or b"\0" in content[:1000]:
        raise DataError(f"data.path: {path} is no UTF-8 text (UTF-16, as it seems). Save it again as CSV UTF-8.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = content[: problem.start].count(b"\n") + 1
        near = content[max(0, problem.start - 20) : problem.end + 20].split(b"\n")
        around = next(part for part in near if content[problem.start : problem.end] in part).decode("latin-1").strip()
        raise DataError(
            f'data.path: {path} is not UTF-8: line {line} has the byte 0x{content[problem.start]:02x} in "{around}".\n'
            f"Save it as CSV UTF-8, or convert it: iconv -f WINDOWS-1252 -t UTF-8 {path.name} > utf8-{path.name}"
        ) from problem
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise DataError(f"data.path: {path} is damaged: line {line} has a zero byte. Save or copy it again.")
    return text


def _separator(text: str, usual: str) -> str:
    """Return what separates the cells: the usual mark where it divides the first rows alike, else one that does."""
    widths = {}
    for mark in dict.fromkeys((usual, *_SEPARATORS)):
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark)
        try:
            found = [len(record) for record in islice(reader, _LOOKED_AT) if any(map(str.strip, record))]
        except csv.Error:
            continue
        if found and found[0] > 1:
            widths[mark] = found
    alike = [mark for mark, found in widths.items() if len(set(found)) == 1]
    if alike:
        return alike[0]
    return max(widths, key=lambda mark: widths[mark][0], default=usual)


def _records(path: Path, text: str, separator: str) -> Iterator[list[str]]:
    """Give the records in order; their count is the spreadsheet's row, whatever line ends are in quoted cells."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    row, line = 0, 0
    while True:
        row, line = row + 1, reader.line_num + 1
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as problem:
            what = "a quote that is not closed" if "unexpected end" in str(problem) else str(problem)
            if "field limit" in str(problem):
                what = f"a cell of more than {csv.field_size_limit()} characters, or a quote that is not closed"
            raise DataError(
                f"data.path: {path} cannot be read: row {row} (line {line}) has {what}.\n"
                'Inside a quoted cell write "" for a quote.'
            ) from problem
        yield record


def _check_header(path: Path, header: list[str]) -> None:
    if not any(header):
        raise DataError(f"data.path: row 1 of {path} is empty; it must hold the names of the columns.")
    double = [name for name, count in Counter(header).items() if count > 1 and name]
    if double:
        columns = {name: [str(at + 1) for at, other in enumerate(header) if other == name] for name in double[:5]}
        places = "; ".join(f'"{name}" names the columns {first_names(at)}' for name, at in columns.items())
        raise DataError(f"data.path: {path} has columns of the same name: {places}. Give each its own name in row 1.")


def _explain_row_lengths(path: Path, number: int, record: list[str], header: list[str], separator: str) -> str:
    quote = f"\nPut quotes around cells with {_SEPARATORS[separator]} in them." if len(record) > len(header) else ""
    return (
        f"data.path: row {number} of {path} has {len(record)} cells, and the header has {len(header)}: "
        f"{first_names([cell[:40] for cell in record], 6)}.{quote or chr(10) + 'Complete the row, or take it out.'}"
    )
