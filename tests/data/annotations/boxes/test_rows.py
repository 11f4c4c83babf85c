from __future__ import annotations

from pathlib import Path

import pytest

from kerastune_ft.errors import DataError
from tests.support.box_files import opened, to_rows, write_picture, write_pictures
from tests.support.image_files import write


def test_a_table_beside_the_pictures_of_each_split_is_read(tmp_path: Path) -> None:
    for split, numbers in (("train", range(14)), ("test", range(14, 20))):
        for number in numbers:
            write_picture(tmp_path / "a", f"{split}/{number:02}.png", number)
        write(tmp_path / "a" / split / "_annotations.csv", to_rows(numbers, ""))
    source = opened(tmp_path / "a")
    assert len(source.splits["test"]) == 6
    assert len(source.keys) == 20


def test_pictures_that_are_not_there_are_named_and_those_that_are_not_named_ignored(tmp_path: Path) -> None:
    root = write_pictures(tmp_path / "a")
    write(root / "boxes.csv", to_rows(range(18)) + b"\nimages/lost.png,small,1,1,2,2,16,12")
    with pytest.raises(DataError, match=r"images/lost.png of boxes.csv  is not there"):
        opened(root)
    source = opened(root, on_missing="skip")
    assert "ignored 2 images that no table names" in source.info.notes
    write(root / "again.csv", to_rows([1]))
    with pytest.raises(DataError, match=r"named twice(?s:.*)in again.csv and in boxes.csv"):
        opened(root, on_missing="skip")


def test_rows_that_are_no_boxes_are_named_and_left_out_with_their_picture(tmp_path: Path) -> None:
    root = write_pictures(tmp_path / "a")
    write(root / "boxes.csv", to_rows(range(20)) + b"\nimages/03.png,small,1,nan,2,2,16,12")
    with pytest.raises(DataError, match=r"images/03.png  boxes.csv, row \d+ has 1, nan, 2, 2, and no four edges"):
        opened(root)
    source = opened(root, on_bad_file="skip")
    assert [one.path for one in source.info.skipped] == ["images/03.png"]
    assert len(source.keys) == 19


def test_tables_of_other_columns_are_none_of_boxes(tmp_path: Path) -> None:
    root = write_pictures(tmp_path / "a")
    write(root / "people.csv", b"name,age\nx,1")
    with pytest.raises(DataError, match=r"no table with a row for each box(?s:.*)kind"):
        opened(root, annotations="boxes")
