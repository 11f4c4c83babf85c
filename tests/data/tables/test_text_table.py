from __future__ import annotations

from pathlib import Path

import pytest

from kerastune_ft.data.remedies import reading_other_data
from kerastune_ft.data.tables.read import read_table
from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.errors import ConfigError, DataError
from tests.support.image_files import write
from tests.support.table_files import format_delimited


def test_rows_bear_the_numbers_of_a_spreadsheet(tmp_path: Path) -> None:
    text = 'id,text\n1,"two\nlines, and ""quotes"""\n,\n\n2,b\n'
    frame = read_table(write(tmp_path / "a.csv", text.encode()))
    assert [frame.name_row(row) for row in range(2)] == ["row 2", "row 5"]
    assert frame.texts("text", "data.label") == ['two\nlines, and "quotes"', "b"]
    frame = read_table(write(tmp_path / "a.jsonl", b'{"a": 1}\n\n{"a": 2}\n'))
    assert [frame.name_row(row) for row in range(2)] == ["line 1", "line 3"]


@pytest.mark.parametrize(
    ("line", "said"),
    [('{"a": ["x", "y"]}', "a list"), ('{"a": {"b": 1}}', "an object"), ('{"a": "\\ud800"}', "no Unicode")],
)
def test_cells_that_are_no_text_are_refused_where_they_are_used(tmp_path: Path, line: str, said: str) -> None:
    frame = read_table(write(tmp_path / "a.jsonl", f'{{"a": "x", "b": 1}}\n{line}\n'.encode()))
    assert frame.texts("b", "data.label") == ["1", ""]
    with pytest.raises(DataError, match=f'data.label: the column "a" .* in line 2, but .*{said}'):
        frame.texts("a", "data.label")


def test_an_unknown_column_has_a_nearest_name(tmp_path: Path) -> None:
    frame = read_table(write(tmp_path / "a.csv", format_delimited(["image_id", "finding"], [["1", "2"]])))
    with pytest.raises(ConfigError, match=r'data.group: .* no column "imageid"; did you mean "image_id"\?') as caught:
        frame.texts("imageid", "data.group")
    assert "Its columns are image_id, finding." in str(caught.value)


@pytest.mark.parametrize(("key", "is_advised"), [("data.label", True), ("data.group", False), ("data.input[0]", False)])
def test_lists_of_labels_are_advised_for_labels_alone(tmp_path: Path, key: str, is_advised: bool) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"a": "x"}\n{"a": ["x", "y"]}\n')
    with pytest.raises(DataError) as raised:
        read_table(path).texts("a", key)
    assert ("multi_label" in str(raised.value)) == is_advised


def test_other_data_without_a_column_is_told_how_to_rename_one() -> None:
    table = TextTable(Path("other.csv"), "row", [2], {"review": ["fine"], "stars": ["5"]})
    with pytest.raises(ConfigError, match="has no column") as own:
        table.check_column("text", "data.input")
    assert "rename" not in str(own.value)
    with reading_other_data("other.csv"), pytest.raises(ConfigError, match="has no column") as other:
        table.check_column("text", "data.input")
    assert str(other.value).endswith('in pandas as  df.rename(columns={"review": "text"})')
