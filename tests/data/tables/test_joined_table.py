from __future__ import annotations

from pathlib import Path

import pytest

from kerastune_ft.data.tables.joined_table import JoinedTable, find_common_folder, join_tables
from kerastune_ft.data.tables.read import read_table
from kerastune_ft.errors import ConfigError, DataError


@pytest.fixture
def joined(tmp_path: Path) -> JoinedTable:
    (tmp_path / "a.csv").write_text("file,label,x\n1.png,cat,1\n2.png,dog,2\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/b.jsonl").write_text('{"label": "cat", "file": "1.png"}\n\n{"label": null, "file": 7}\n')
    table = join_tables([read_table(tmp_path / "a.csv"), read_table(tmp_path / "sub/b.jsonl")])
    assert isinstance(table, JoinedTable)
    return table


def test_rows_are_those_of_one_table_after_the_other(joined: JoinedTable, tmp_path: Path) -> None:
    assert joined.columns == ["file", "label"]
    assert joined.texts("file", "data.input") == ["1.png", "2.png", "1.png", "7"]
    cells = joined.cells["label"]
    assert (list(cells), cells[1:3], cells[2]) == (["cat", "dog", "cat", None], ["dog", "cat"], "cat")
    with pytest.raises(IndexError):
        cells[4]
    assert (str(joined.path), joined.folder) == (f"{tmp_path}/a.csv, sub/b.jsonl", str(tmp_path))
    assert [joined.name_row(row) for row in range(4)] == [
        "a.csv row 2",
        "a.csv row 3",
        "sub/b.jsonl line 1",
        "sub/b.jsonl line 3",
    ]
    assert joined.name_rows([0, 2]) == "a.csv row 2, sub/b.jsonl line 1"
    assert [joined.folder_of(row) for row in (1, 2)] == [str(tmp_path), f"{tmp_path}/sub"]


def test_tables_in_folders_of_their_own_are_named_from_the_folder_of_all(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.csv").write_text("text,label\nx,y\n")
    table = join_tables([read_table(tmp_path / name / "a.csv") for name in ("one", "two")])
    assert (table.name, str(table.path)) == ("one/a.csv, two/a.csv", f"{tmp_path}/one/a.csv, two/a.csv")


def test_a_table_without_a_column_is_named(joined: JoinedTable) -> None:
    with pytest.raises(ConfigError, match=r'data.label: .*sub/b.jsonl has no column "x"'):
        joined.texts("x", "data.label")
    with pytest.raises(ConfigError, match=r'a.csv has no column "y"'):
        joined.check_column("y", "data.group")


def test_a_first_row_that_is_an_example_is_refused_in_any(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,label\ngood,a\nbad,b\n")
    (tmp_path / "b.csv").write_text("fine,a\ngood,a\nbad,a\n")
    table = join_tables([read_table(tmp_path / name) for name in ("a.csv", "b.csv")])
    with pytest.raises(DataError, match=r"row 1 of .*b.csv seems to hold an example"):
        table.refuse_headless()


def test_one_table_stays_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,label\ngood,a\n")
    table = read_table(tmp_path / "a.csv")
    assert join_tables([table]) is table


@pytest.mark.parametrize(
    ("folders", "common"),
    [
        (["/a/b", "/a/b"], "/a/b"),
        (["/a/b", "/a/bc"], "/a"),
        (["/a", "/b"], "/"),
        (["gs://bucket/a", "gs://bucket/b/c"], "gs://bucket"),
    ],
)
def test_the_folder_that_holds_all(folders: list[str], common: str) -> None:
    assert find_common_folder(folders) == common
