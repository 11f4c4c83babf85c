from __future__ import annotations

from pathlib import Path

import pytest

from kerastune_ft.data.tables.formats.rows import table_of_rows
from kerastune_ft.errors import DataError


def test_rows_become_columns_of_texts() -> None:
    rows = [(1, [" id", "label", ""]), (2, ["7", "cat", ""]), (4, ["", " ", ""]), (9, ["8", "dog", ""])]
    table = table_of_rows(Path("a.csv"), rows, notes=("said",))
    assert (table.columns, list(table.numbers), table.notes) == (["id", "label"], [2, 9], ("said",))
    assert table.texts("label", "data.label") == ["cat", "dog"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "row 1 of a.csv is empty"),
        ([(2, ["id", "label"])], "row 1 of a.csv is empty"),
        ([(1, ["id", "label"]), (2, ["7"])], "row 2 of a.csv has 1 cell, and the header has 2"),
    ],
)
def test_what_is_no_table_is_named(rows: list[tuple[int, list[str]]], message: str) -> None:
    with pytest.raises(DataError, match=message):
        table_of_rows(Path("a.csv"), rows)
