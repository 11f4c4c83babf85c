"""Named tables as splits: keys, rows in messages, fingerprints, groups and leaks across tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.config.options.data import Column, Fractions, NamedTables, TableData
from kerastune_ft.data.splits.table import splits_table
from kerastune_ft.data.tables.read import read_table
from kerastune_ft.data.tables.split_tables import (
    explain_lacking_labels,
    find_filler_label,
    find_lacking_labels,
    read_tables,
)
from kerastune_ft.data.tables.text_table import TextTable
from kerastune_ft.errors import ConfigError, DataError
from tests.support.image_files import write
from tests.support.table_files import format_delimited, open_table, pets

TEST = NamedTables(test="test.csv")


def table(path: Path, rows: Sequence[Sequence[str]], header: Sequence[str] = ("image", "label")) -> Path:
    return write(path, format_delimited(header, rows))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twenty images: the last six in test.csv."""
    rows = pets(tmp_path / "data")
    table(tmp_path / "data/train.csv", rows[:14])
    table(tmp_path / "data/test.csv", rows[14:])
    return tmp_path / "data"


@pytest.mark.parametrize("how", ["beside", "folder", "named"])
def test_tables_are_splits(folder: Path, how: str) -> None:
    named = NamedTables(train="train.csv", test="test.csv")
    path, splits = {"beside": (folder / "train.csv", TEST), "folder": (folder, None), "named": (folder, named)}[how]
    source = open_table(path, splits=splits)
    assert source.splits["test"].tolist() == list(range(14, 20))
    assert source.info.sizes == {"train": 12, "validation": 2, "test": 6}
    assert list(source.keys) == [f"images/{number:03d}.png" for number in range(20)]
    assert "splits: as the tables are named, train 14 rows, test 6 rows" in source.info.notes
    assert next(row for row in splits_table(source)[1] if row[2] == "test")[:2] == ("images/014.png", "cat")
    assert source.info.name == "train.csv, test.csv"


def test_the_split_of_a_row_belongs_to_the_fingerprint(folder: Path) -> None:
    before = open_table(folder).info.fingerprint
    assert open_table(folder / "train.csv", splits=TEST).info.fingerprint == before
    rows = pets(folder)
    table(folder / "train.csv", rows[:13])
    table(folder / "test.csv", rows[13:])
    assert open_table(folder).info.fingerprint != before


def test_shares_columns_and_other_data_take_all_rows_together(folder: Path) -> None:
    source = open_table(folder, splits=Fractions(train=0.5, validation=0.5))
    assert source.info.sizes == {"train": 10, "validation": 10}
    assert not any("as the tables are named" in note for note in source.info.notes)
    assert open_table([folder / "train.csv", folder / "test.csv"]).info.sizes == {
        "train": 14,
        "validation": 3,
        "test": 3,
    }
    assert open_table(folder, unsplit=True).info.sizes == {"test": 20}
    rows = [[*row, ("train", "val")[number % 4 == 0]] for number, row in enumerate(pets(folder))]
    first, second = (
        table(folder / "a.csv", rows[:9], ["image", "label", "fold"]),
        table(folder / "b.csv", rows[9:], ["image", "label", "fold"]),
    )
    assert open_table([first, second], splits=Column(column="fold")).info.sizes == {"train": 15, "validation": 5}


def test_files_are_relative_to_their_table_and_keys_to_the_folder_of_all(tmp_path: Path) -> None:
    for place in ("one", "two"):
        table(tmp_path / "data" / place / "labels.csv", pets(tmp_path / "data" / place, 10))
    source = open_table([tmp_path / "data/one/labels.csv", tmp_path / "data/two/labels.csv"])
    assert (source.keys[0], source.keys[10]) == ("one/images/000.png", "two/images/000.png")
    (tmp_path / "data/two/images/003.png").unlink()
    with pytest.raises(DataError, match=r"two/labels.csv row 5: two/images/003.png  is not there"):
        open_table(tmp_path / "data/*/labels.csv")


def test_what_is_wrong_in_a_table_is_named_with_it(folder: Path) -> None:
    rows = pets(folder)
    table(folder / "test.csv", [[rows[14][0], ""], *rows[15:]])
    with pytest.raises(DataError, match=r"test.csv row 2: images/014.png"):
        open_table(folder)
    table(folder / "test.csv", [[*row, "p"] for row in rows[14:]], ("image", "label", "patient"))
    with pytest.raises(ConfigError, match=r'data.group: .*train.csv has no column "patient"'):
        open_table(folder, group="patient")
    write(folder / "test.csv", b"image,label\n1.png\n")
    with pytest.raises(DataError, match=r"row 2 of .*test.csv has 1 cell"):
        open_table(folder)


def test_leaks_between_tables_are_said(folder: Path) -> None:
    rows = pets(folder)
    header = ("image", "label", "patient")
    table(folder / "train.csv", [[*row, f"p{number % 7}"] for number, row in enumerate(rows[:14])], header)
    table(folder / "test.csv", [[*rows[0], "p1"], *([*row, "p9"] for row in rows[15:])], header)
    notes = open_table(folder, group="patient").info.notes
    assert any("train.csv row 2, test.csv row 2 (images/000.png)" in note for note in notes)
    assert any("1 group is in more than one split (p1)" in note for note in notes)
    assert any("identical files" in note and "in more than one split" in note for note in notes)


@pytest.mark.parametrize(("header", "rows"), [(("image",), 1), (("image", "label"), 2)])
def test_a_table_without_labels_is_for_predictions(folder: Path, header: tuple[str, ...], rows: int) -> None:
    table(folder / "test.csv", [[row[0], ""][:rows] for row in pets(folder)[14:]], header)
    source = open_table(folder)
    assert source.info.examples == 14
    assert any("so nothing can be measured on it and it is no split" in note for note in source.info.notes)
    assert any("predict RUN test.csv" in note for note in source.info.notes)
    with pytest.raises(DataError, match=r"data.splits.test: test.csv has no(.|\n)*predict RUN test.csv"):
        open_table(folder / "train.csv", splits=TEST)


def test_a_label_that_is_only_written_otherwise_is_an_error(folder: Path) -> None:
    table(folder / "test.csv", pets(folder)[14:], ("image", "Label"))
    with pytest.raises(DataError, match="its columns are image, Label"):
        open_table(folder)


def test_of_texts_rows_are_known_by_their_table(tmp_path: Path) -> None:
    texts = [[f"text {number}", "ab"[number % 2]] for number in range(20)]
    table(tmp_path / "train.csv", texts[:16], ("text", "label"))
    table(tmp_path / "test.csv", texts[16:], ("text", "label"))
    options: dict[str, Any] = {"path": str(tmp_path), "input": "text", "label": "label"}
    tables = read_tables(TableData(**options))
    assert tables.table.name_row(16) == "test.csv row 2"
    assert {split: len(rows) for split, rows in tables.find_splits(range(1, 20)).items()} == {"train": 15, "test": 4}
    assert tables.splits[15:17] == ["train", "test"]


def test_what_a_table_lacks_is_told() -> None:
    frame = TextTable(Path("test.csv"), "row", [2], {"image": ["1.png"], "label": [""]})
    assert find_lacking_labels(frame, "label") == "label"
    assert find_lacking_labels(frame, "image") == ""
    assert find_lacking_labels(frame, "masks/{image}") == ""
    assert 'has nothing in the column "label"' in explain_lacking_labels(frame, "label")
    assert 'has no column "x"' in explain_lacking_labels(frame, "x")


@pytest.mark.parametrize("filler", ["?", "cat"])
def test_labels_that_are_to_be_filled_in_are_said(tmp_path: Path, filler: str) -> None:
    texts = [[f"text {number}", "cat" if number % 2 else "dog"] for number in range(20)]
    table(tmp_path / "train.csv", texts[:14], ("text", "label"))
    table(tmp_path / "test.csv", [[text, filler] for text, _ in texts[14:]], ("text", "label"))
    options = TableData(path=str(tmp_path), input="text", label="label")
    note = f'splits: test.csv has only "{filler}" in the column "label"'
    assert any(said.startswith(note) and "predict RUN test.csv" in said for said in read_tables(options).notes)
    test, train = (read_table(tmp_path / name) for name in ("test.csv", "train.csv"))
    assert find_filler_label(test, [train], "label") and find_filler_label(train, [test], "label") == ""


def test_of_several_columns_the_one_that_holds_the_filler_is_named() -> None:
    test = TextTable(Path("test.csv"), "row", [2, 3], {"a": ["", ""], "b": ["?", "?"]})
    train = TextTable(Path("train.csv"), "row", [2, 3], {"a": ["0", "1"], "b": ["1", "0"]})
    assert find_filler_label(test, [train], ("a", "b")).startswith('test.csv has only "?" in the column "b"')
