from __future__ import annotations

from pathlib import Path

import pytest

from kerastune_ft.data.tables.csv_reader import read_delimited
from kerastune_ft.errors import DataError

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
        (b"a,b\n1,2\n3\n", r"row 3 of a.csv has 1 cells, and the header has 2: 3\.\nComplete the row"),
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
