from __future__ import annotations

import datetime
import io
import sys
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from kerastune_ft.data.tables.formats.excel_reader import read_excel
from kerastune_ft.data.tables.read import is_table, read_table
from kerastune_ft.errors import ConfigError, DataError
from tests.support.image_files import write
from tests.support.table_files import open_table, pets

XLSX = Path("a.xlsx")


def encode(*sheets: list[list[Any]], hidden: int = 0) -> bytes:
    """Return a workbook of these sheets, the first of them hidden."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for number, rows in enumerate(sheets):
        sheet = book.create_sheet(f"part {number + 1}")
        for row in rows:
            sheet.append(row)
        sheet.sheet_state = "hidden" if number < hidden else "visible"
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def test_typed_cells_become_texts_as_elsewhere() -> None:
    day = datetime.datetime(2024, 3, 1)
    rows = [
        ["id", "number", "flag", "day", None],
        ["007", 7.0, True, day, None],
        [8, 0.1, False, day.replace(hour=5), None],
        [],
        [" é ", None, None, None],
    ]
    table = read_excel(XLSX, encode(rows))
    assert (table.columns, list(table.numbers), table.has_header) == (["id", "number", "flag", "day"], [2, 3, 5], True)
    assert table.texts("id", "data.input") == ["007", "8", "é"]
    assert table.texts("number", "data.input") == ["7", "0.1", ""]
    assert table.texts("flag", "data.input") == ["1", "0", ""]
    assert table.texts("day", "data.input") == ["2024-03-01", "2024-03-01 05:00:00", ""]
    assert table.notes == ()


def test_the_first_visible_sheet_that_holds_anything_is_read_and_said() -> None:
    content = encode([["old"], ["x"]], [], [["id"], ["1"]], [["other"], ["2"]], hidden=1)
    table = read_excel(XLSX, content)
    assert table.columns == ["id"]
    assert table.notes == (
        'a.xlsx: of 3 sheets the first with anything in it, "part 3", is read, and not "part 2", "part 4"',
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no zip", "is no .xlsx file that can be read: File is not a zip file.*\n.*save it again, without a password"),
        (encode([["id", "label"], ["1", "a"]])[:-40], "is no .xlsx file that can be read"),
        (encode([]), "a.xlsx is empty"),
        (encode([["Export"], ["id", "label"], ["1", "a"]]), 'row 1 of a.xlsx has one cell, "Export"'),
        (encode([["id"], ["1", "a", "b"], ["1"]]), "row 2 of a.xlsx has 3 cells(.|\n)*Give the columns names"),
    ],
    # The bytes hold the time of day: workers that collect at different moments would know the tests by other names.
    ids=("no archive", "cut off", "empty", "one cell first", "too many cells"),
)
def test_what_cannot_be_read_is_named(content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_excel(XLSX, content)


def test_without_openpyxl_the_line_to_install_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(ConfigError, match=r'not installed: python -m pip install "openpyxl>=3\.1"'):
        read_excel(XLSX, b"")


def test_a_workbook_is_a_table_like_any_other(tmp_path: Path) -> None:
    rows = pets(tmp_path / "data")
    path = write(tmp_path / "data/pets.XLSX", encode([["image", "label"], *rows]))
    assert is_table(path) and read_table(path).columns == ["image", "label"]
    assert open_table(path).info.sizes == {"train": 14, "validation": 3, "test": 3}


@pytest.mark.parametrize("first", [[["notes"]], [["notes", "more"], ["too", "many", "cells"]]])
def test_the_sheet_read_and_the_others_are_named_where_it_is_no_table(tmp_path: Path, first: list[list[Any]]) -> None:
    path = write(tmp_path / "a.xlsx", encode(first, [["file", "label"], ["1.png", "a"]]))
    with pytest.raises(DataError, match='"part 1", is read, and not "part 2"'):
        read_table(path)
