"""The records of tab-separated files, in which a quote at the head of a cell is seldom the beginning of a quotation."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from itertools import islice

TAB = "\t"
_ENDS = "\r\n"


def read_tab_rows(lines: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield for each record of these lines, which have their ends, the number of lines up to its end, and its cells.

    A line with as many cells as the first one is a record, and a quote in it is a letter unless quotes surround the
    whole cell. Quotes that hold tabs or line ends together are taken for such only where the lines do not fit without.
    Raises csv.Error where a quote is not closed in such a place.
    """
    at, width = 0, 0
    while at < len(lines):
        taken, cells = _read_record(lines, at, width)
        width = width or len(cells)
        at += taken
        yield at, cells


def _read_record(lines: Sequence[str], at: int, width: int) -> tuple[int, list[str]]:
    """Return how many lines the record at a line takes, and its cells."""
    plain = split_line(lines[at])
    if '"' not in lines[at] or not lines[at].strip():
        return 1, plain
    fits = width in (0, len(plain)) if width != 1 else False
    if fits and not (_opens_quote(plain[-1]) and _is_cut(lines, at + 1, width or len(plain))):
        return 1, [_unquote(cell) for cell in plain]
    reader = csv.reader(islice(lines, at, None), delimiter=TAB, strict=True)
    try:
        quoted = next(reader)
    except csv.Error:
        # In a file of one column every line fits.
        if fits or width == 1:
            return 1, [_unquote(cell) for cell in plain]
        raise
    if width not in (0, len(quoted)) and len(plain) >= width:
        # Neither reading fits; the plain one at least takes no other lines with it.
        return 1, [_unquote(cell) for cell in plain]
    return reader.line_num, quoted


def _opens_quote(cell: str) -> bool:
    return cell.startswith('"') and _unquote(cell) == cell


def _is_cut(lines: Sequence[str], at: int, width: int) -> bool:
    """Tell whether the next line that is not blank has fewer cells than a record, as the rest of a quotation has."""
    following = next((line for line in islice(lines, at, None) if line.strip()), None)
    return following is not None and len(split_line(following)) < width


def split_line(line: str) -> list[str]:
    """Return what stands between the tabs of a line."""
    return line.rstrip(_ENDS).split(TAB)


def _unquote(cell: str) -> str:
    """Return what a cell that is wholly in quotes holds; any other cell as it is."""
    inner = cell.strip()[1:-1]
    is_whole = len(cell.strip()) > 1 and cell.strip()[0] == cell.strip()[-1] == '"'
    return inner.replace('""', '"') if is_whole and '"' not in inner.replace('""', "") else cell
