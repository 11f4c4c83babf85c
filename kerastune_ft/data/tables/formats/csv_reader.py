"""CSV and TSV files, read record by record so that a mistake is named by its row.

The standard library's reader is used and not pandas, which fills short rows and drops long ones without a word.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from kerastune_ft.data.tables.formats.rows import table_of_rows
from kerastune_ft.data.tables.formats.tab_rows import TAB, read_tab_rows, split_line
from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.errors import DataError
from kerastune_ft.rules import NEWEST, Rules
from kerastune_ft.wording import first_names

# The library's limit is a guard against quotes that are never closed, which strict reading names by itself; whole
# contracts and books are longer. The largest number that every platform takes.
csv.field_size_limit(2**31 - 1)

_SEPARATORS = {",": "commas", ";": "semicolons", TAB: "tabs", "|": "bars"}
_LOOKED_AT = 20
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")
# Spreadsheets write and read such a first line.
_DECLARATION = re.compile(r'"?sep=([^\w\s"]|\t)"?(\r\n|\r|\n)', re.IGNORECASE)


def read_delimited(path: Path, content: bytes, rules: Rules = NEWEST) -> TextTable:
    """Read a CSV or TSV file: UTF-8, a header, quotes around cells with separators or line ends.

    `rules` are those of the run that reads it.
    """
    text = _decode(path, content)
    usual = TAB if ".csv" not in [suffix.lower() for suffix in path.suffixes] else ","
    declaration = _DECLARATION.match(text)
    text = text[declaration.end() :] if declaration else text
    separator = declaration[1] if declaration else _separator(text, usual)
    words = _SEPARATORS.get(separator, f'"{separator}"')
    said = f", as its first line, {declaration[0].strip()}, says" if declaration else ""
    notes = () if separator == usual and not said else (f"{path.name}: {words} separate its cells{said}",)
    records = _Records(path, text, separator, 2 if declaration else 1, rules.letters_between_tabs)
    # The reader gives no cells for an empty line, and one for a line of two quotes.
    keeps_empty = rules.counts_empty_quotes and separator != TAB
    table = table_of_rows(path, records, words, notes, rules, keeps_empty)
    return replace(table, notes=(*notes, *records.notes()))


def _decode(path: Path, content: bytes) -> str:
    if content.startswith(_WIDE_MARKS) or b"\0" in content[:1000]:
        raise DataError(f"data.path: {path} is no UTF-8 text (UTF-16, as it seems). Save it again as CSV UTF-8.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = content[: problem.start].count(b"\n") + 1
        before = content[max(0, problem.start - 20) : problem.start].split(b"\n")[-1]
        after = content[problem.start : problem.end + 20].split(b"\n")[0]
        around = (before + after).decode("latin-1").strip()
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
        found = _find_widths(text, mark)
        if found and found[0] > 1:
            widths[mark] = found
    alike = [mark for mark, found in widths.items() if len(set(found)) == 1]
    if alike:
        return alike[0]
    return max(widths, key=lambda mark: widths[mark][0], default=usual)


def _find_widths(text: str, mark: str) -> list[int]:
    """Return how many cells the first rows have by a mark; nothing where they cannot be divided by it."""
    lines = io.StringIO(text, newline="")
    try:
        records = map(split_line, lines) if mark == TAB else csv.reader(lines, delimiter=mark)
        return [len(record) for record in islice(records, _LOOKED_AT) if any(map(str.strip, record))]
    except csv.Error:
        return []


class _Records:
    """The records of a text in order, each with the number that a spreadsheet shows beside it."""

    def __init__(self, path: Path, text: str, separator: str, first_line: int, letters_between_tabs: bool) -> None:
        """`first_line` is the number of the text's first line in the file; for the last see `Rules`."""
        self._has_letters = separator == TAB and letters_between_tabs
        self._path, self._separator, self._first_line = path, separator, first_line
        self._lines = list(io.StringIO(text, newline=""))
        self._several: list[int] = []

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        row, begin, width = 0, 0, 0
        records = read_tab_rows(self._lines) if self._has_letters else self._read_quoted()
        while True:
            row += 1
            try:
                end, record = next(records)
            except StopIteration:
                return
            except csv.Error as problem:
                what = "a quote that is not closed" if "unexpected end" in str(problem) else str(problem)
                raise DataError(
                    f"data.path: {self._path} cannot be read: row {row} (line {self._first_line + begin}) has {what}.\n"
                    'Inside a quoted cell write "" for a quote.'
                ) from problem
            width = width or len(record)
            marks = {line.count(self._separator) for line in self._lines[begin:end]}
            if end - begin > 1 and (width > 1 or self._separator == TAB) and marks == {width - 1}:
                self._several.append(row)
            begin = end
            yield row, record

    def _read_quoted(self) -> Iterator[tuple[int, list[str]]]:
        reader = csv.reader(self._lines, delimiter=self._separator, strict=True)
        for record in reader:
            yield reader.line_num, record

    def notes(self) -> tuple[str, ...]:
        """Return a sentence where quotes may have made one row of several; for after the records were read."""
        if not self._several:
            return ()
        one = len(self._several) == 1
        return (
            f"{self._path.name}: row{'' if one else 's'} {first_names(map(str, self._several), 5)} "
            f"{'has' if one else 'have'} a cell in quotes of several lines, each of which looks like a row of its own; "
            'if a cell begins with a quote that is part of its text, write it as """',
        )
