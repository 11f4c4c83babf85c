from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from kerastune_ft.data.tables.formats.header import check_header, explain_row_length
from kerastune_ft.errors import DataError

PATH = Path("a.csv")


def check(*rows: Sequence[str]) -> None:
    header, *others = rows
    check_header(PATH, header, others, range(2, 2 + len(others)))


@pytest.mark.parametrize(
    "rows",
    [
        [("file", "label"), ("a.png", "cat"), ("b.png", "dog")],
        # An index without a name, as pandas writes it, and the empty columns of spreadsheets.
        [("", "label"), ("0", "cat"), ("1", "dog")],
        [("file", "label", ""), ("a.png", "cat", ""), ("b.png", "dog", "")],
        [("file", "label"), ("a.png", "cat", ""), ("b.png", "dog", "")],
        [("text",), ("a",), ("b",)],
        # One row says little of what a title is, and one more cell in it may be a comma.
        [("text", "label"), ("a", "b", "c")],
        [("text", "label"), ("text", "cat"), ("other", "label")],
    ],
)
def test_a_header_is_taken(rows: list[Sequence[str]]) -> None:
    check(*rows)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("", ""), ("a", "b")], "row 1 of a.csv is empty"),
        ([("Export of 2024", "", ""), ("file", "label", "x"), ("a", "b", "c")], "a title and no header .row 2 holds"),
        ([("Export",), ("file", "label"), ("a", "b")], 'one cell, "Export", and the rows below have 2'),
        ([("# made by a tool",), ("file", "label"), ("a", "b")], "it is a comment and no header"),
        ([("Export",), ("by me",), ("file", "label"), ("a", "b"), ("c", "d")], "row 3 holds file, label"),
        ([("file", "label"), ("1", "a.png", "x"), ("2", "b.png", "y")], r"one more than the header \(file, label\)"),
        ([("a", "a"), ("1", "2")], 'columns of the same name: "a" names the columns 1, 2'),
        (
            [("file", "label"), ("a", "x"), ("file", " label ")],
            "row 3 of a.csv is the header again .file, label.*joined",
        ),
        ([("f", "l"), ("f", "l"), ("a", "x"), ("f", "l")], "rows 2, 4 of a.csv are the header again"),
    ],
)
def test_a_first_row_that_names_no_columns_is_named(rows: list[Sequence[str]], message: str) -> None:
    with pytest.raises(DataError, match=message):
        check(*rows)


def test_rows_of_another_length_have_a_remedy() -> None:
    assert "Complete the row" in explain_row_length(PATH, 3, ["a"], ["x", "y"], "commas")
    assert "Put quotes around cells with commas" in explain_row_length(PATH, 3, ["a", "b", "c"], ["x", "y"], "commas")
    assert "names in row 1" in explain_row_length(PATH, 3, ["a", "b", "c"], ["x", "y"], "")
