from __future__ import annotations

import csv
import io
import random

import pytest

from kerastune_ft.data.tables.formats.tab_rows import read_tab_rows


def read(text: str) -> list[list[str]]:
    return [cells for _, cells in read_tab_rows(list(io.StringIO(text, newline="")))]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        # A quote at the head of a cell takes no other rows with it, wherever the next quote stands.
        ('t\tl\n"a\tx\nb\ty\nc"\tz\n', [["t", "l"], ['"a', "x"], ["b", "y"], ['c"', "z"]]),
        ('l\tt\nx\t"a\ny\tb\nz\t"c"\n', [["l", "t"], ["x", '"a'], ["y", "b"], ["z", "c"]]),
        ('t\tl\n"never closed\tx\nb\ty\n', [["t", "l"], ['"never closed', "x"], ["b", "y"]]),
        ('t\tl\n"a" b\tx\n6" pipe\ty\n', [["t", "l"], ['"a" b', "x"], ['6" pipe', "y"]]),
        # Quotes round a whole cell are taken off, doubled ones in it halved.
        ('t\tl\n"say ""a"""\t"x"\n""\ty\n"\tz\n', [["t", "l"], ['say "a"', "x"], ["", "y"], ['"', "z"]]),
        # Tabs and line ends in quotes belong to the cell where the lines do not fit without them.
        ('l\tt\nx\t"one\ntwo"\ny\tb\n', [["l", "t"], ["x", "one\ntwo"], ["y", "b"]]),
        ('l\tt\nx\t"one\n\ntwo"\ny\tb\n', [["l", "t"], ["x", "one\n\ntwo"], ["y", "b"]]),
        ('t\tl\n"a\tb"\tx\n', [["t", "l"], ["a\tb", "x"]]),
        ('t\n"one\ntwo"\nthree\n', [["t"], ["one\ntwo"], ["three"]]),
        ('t\n"one\ntwo\n', [["t"], ['"one'], ["two"]]),
        ("t\tl\r\na\tx\r\n\r\nb\ty", [["t", "l"], ["a", "x"], [""], ["b", "y"]]),
    ],
)
def test_a_quote_quotes_where_the_lines_do_not_fit_without(text: str, rows: list[list[str]]) -> None:
    assert read(text) == rows


def test_a_quote_that_is_not_closed_is_an_error_where_the_line_does_not_fit() -> None:
    with pytest.raises(csv.Error):
        read('t\tl\n"a\nb\ty\n')


def test_what_spreadsheets_write_is_read_as_they_wrote_it() -> None:
    draw = random.Random(3)
    for turn in range(300):
        # Only cells with tabs and line ends may look like rows of their own.
        letters = 'ab "' + "\t\n"[turn % 2]
        cells = ["".join(draw.choices(letters, k=draw.randint(0, 5))) or "e" for _ in range(12)]
        rows = [["h", "i", "j"], *([f"k{n}", *cells[3 * n : 3 * n + 2]] for n in range(4))]
        text = io.StringIO(newline="")
        csv.writer(text, delimiter="\t", lineterminator="\n").writerows(rows)
        assert read(text.getvalue()) == rows
