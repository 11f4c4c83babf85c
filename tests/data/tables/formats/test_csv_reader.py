from __future__ import annotations

from pathlib import Path

import pytest

from kerastune_ft.data.tables.formats.csv_reader import read_delimited
from kerastune_ft.errors import DataError
from kerastune_ft.rules import Rules

CSV = Path("a.csv")


@pytest.mark.parametrize(
    ("path", "content", "notes"),
    [
        ("a.csv", "id,name\n007,a b\n", ()),
        ("a.tsv", "id\tname\n007\ta b\n", ()),
        ("a.csv", "id;name\r\n007;a b\r\n", ("a.csv: semicolons separate its cells",)),
        ("a.csv", '\ufeffid|name\n007|"a b"\n\n', ("a.csv: bars separate its cells",)),
    ],
)
def test_the_separator_is_found_and_an_unusual_one_is_said(path: str, content: str, notes: tuple[str, ...]) -> None:
    table = read_delimited(Path(path), content.encode())
    assert (table.columns, table.notes) == (["id", "name"], notes)
    assert table.texts("id", "data.input") == ["007"]
    assert table.texts("name", "data.input") == ["a b"]


def test_rows_have_the_numbers_of_a_spreadsheet_whatever_their_cells_hold() -> None:
    table = read_delimited(CSV, b'a,b,\n"two\nlines",1,\n,,\nx,"say ""hi""",\n')
    assert list(table.numbers) == [2, 4]
    assert table.columns == ["a", "b"], "a column without a name is left out"
    assert table.texts("b", "data.input") == ["1", 'say "hi"']


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a,b\n1,2\n3\n", r"row 3 of a.csv has 1 cell, and the header has 2: 3\.\nComplete the row"),
        (b"a,b\n1,2,3\n", "Put quotes around cells with commas"),
        (b"a,a\n1,2\n", 'columns of the same name: "a" names the columns 1, 2'),
        (b"\n1,2\n", "row 1 of a.csv is empty"),
        (b'a,b\n1,"2\n', r"row 2 \(line 2\) has a quote that is not closed"),
        ("a,b\né,2\n".encode("latin-1"), 'line 2 has the byte 0xe9 in "é,2".\nSave it as CSV UTF-8'),
        ("a,b\n".encode("utf-16"), "UTF-16, as it seems"),
    ],
)
def test_a_broken_file_is_named_with_place_and_remedy(content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_delimited(CSV, content)


@pytest.mark.parametrize("line", ["sep=;", '"sep=;"', "SEP=;"])
def test_a_first_line_that_says_the_separator_is_obeyed(line: str) -> None:
    table = read_delimited(CSV, f"\ufeff{line}\r\nid;name\r\n7;a,b\r\n8;c,d\r\n".encode())
    assert (table.columns, list(table.numbers)) == (["id", "name"], [2, 3])
    assert table.texts("name", "data.input") == ["a,b", "c,d"]
    assert table.notes == (f"a.csv: semicolons separate its cells, as its first line, {line}, says",)


def test_a_separator_that_was_said_may_be_another() -> None:
    assert read_delimited(CSV, b"sep=^\nid^name\n7^a\n").columns == ["id", "name"]
    # A column may bear such a name.
    assert read_delimited(CSV, b"sep=x,name\n7,a\n").columns == ["sep=x", "name"]
    with pytest.raises(DataError, match=r"row 2 \(line 3\) has a quote that is not closed"):
        read_delimited(CSV, b'sep=,\nid,name\n7,"a\n')


@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
def test_cells_may_be_as_long_as_books(name: str) -> None:
    mark = "," if name == "a.csv" else "\t"
    long = "word " * 30_000
    content = f'text{mark}label\nshort{mark}x\n{long}{mark}y\n"{long}"{mark}z\n'
    texts = read_delimited(Path(name), content.encode()).texts("text", "data.input")
    assert texts == ["short", long.strip(), long.strip()]


def test_a_quote_at_the_head_of_a_cell_swallows_no_rows_between_tabs() -> None:
    rows = ['"' * (n in (3, 7)) + f"film {n}\t{'ab'[n % 2]}" for n in range(10)]
    table = read_delimited(Path("a.tsv"), "\n".join(["text\tlabel", *rows]).encode())
    assert table.texts("text", "data.input") == [row.split("\t")[0] for row in rows]
    assert list(table.numbers) == list(range(2, 12))
    assert (
        read_delimited(CSV, "\n".join(["text\tlabel", *rows]).encode()).texts("label", "data.label") == ["a", "b"] * 5
    )


def test_rows_that_quotes_may_have_joined_are_said() -> None:
    table = read_delimited(CSV, b'text,label\n"great film,a\nbad film",b\nfine,a\n"two\nlines, both",b\n')
    assert table.texts("label", "data.label") == ["b", "a", "b"]
    assert table.notes == (
        "a.csv: row 2 has a cell in quotes of several lines, each of which looks like a row of its own; if a cell "
        'begins with a quote that is part of its text, write it as """',
    )


def test_bytes_at_the_end_of_a_line_are_named_with_it() -> None:
    with pytest.raises(DataError, match=r'line 2 has the byte 0xe9 in "caf'):
        read_delimited(CSV, b"a,b\ncaf,caf\xe9\n1,2\n")


def test_two_quotes_alone_are_an_empty_cell_and_an_empty_line_is_none() -> None:
    content = b'text\n""\n\nhello there\n  \n""\n'
    table = read_delimited(CSV, content)
    assert (list(table.numbers), list(table.cells["text"])) == ([2, 4, 6], ["", "hello there", ""])
    assert list(read_delimited(CSV, content, Rules(3)).numbers) == [4]
    assert list(read_delimited(CSV, b'text,label\n"",""\n""\nhello,a\n').numbers) == [4]
