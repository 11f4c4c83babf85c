from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.config.options.data import Column, TableData
from kerastune_ft.config.options.tasks import ObjectDetection
from kerastune_ft.data.annotations.boxes.columns import find_usual_edges
from kerastune_ft.data.open import open_source
from kerastune_ft.data.source import DataSource
from kerastune_ft.errors import ConfigError, DataError
from tests.support.box_files import write_picture

ROWS = [f"{number % 10}.png,{'ab'[number % 2]},1,2,{5 + number // 10},6" for number in range(20)]


def opened(root: Path, header: str, *rows: str, **options: Any) -> DataSource:
    for number in range(10):
        write_picture(root, f"{number}.png", number)
    (root / "t.csv").write_text("\n".join([header, *rows]))
    usual = {"input": "file", "label": "kind"} | options
    data = TableData(path=str(root / "t.csv"), **usual)
    return open_source(data, ObjectDetection(kind="object_detection"), root / "cache", lambda _: None)


def test_rows_of_one_picture_are_its_boxes(tmp_path: Path) -> None:
    source = opened(tmp_path, "file,kind,xmin,ymin,xmax,ymax", *ROWS)
    assert list(source.keys) == [f"{number}.png" for number in range(10)]
    assert source.label_set.boxes(3)[:, :5].tolist() == [[1, 2, 5, 6, 1], [1, 2, 6, 6, 1]]


def test_columns_may_have_other_names_and_say_crowds_and_sizes(tmp_path: Path) -> None:
    rows = [f"{row},{int(number < 10)},0,16,12" for number, row in enumerate(ROWS)]
    header = "file,kind,l,t,r,b,iscrowd,difficult,width,height"
    source = opened(tmp_path, header, *rows, boxes=("l", "t", "r", "b"))
    assert source.label_set.boxes(3)[:, 5].tolist() == [1, 0]
    wrong = [row.replace(",16,12", ",12,16") for row in rows]
    with pytest.raises(DataError, match=r"10 of 10 images have other sides(?s:.*)EXIF"):
        opened(tmp_path, header, *wrong, boxes=("l", "t", "r", "b"))


def test_fractions_are_known_and_rows_without_a_box_are_pictures_without(tmp_path: Path) -> None:
    rows = [f"{number}.png,a,0.25,0.5,0.5,1" for number in range(9)] + ["9.png,,,,,"]
    source = opened(tmp_path, "file,kind,xmin,ymin,xmax,ymax", *rows)
    assert source.label_set.boxes(0)[0, :4].tolist() == [4, 6, 8, 12]
    assert source.label_set.boxes(9).shape == (0, 7)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("1.png,a,1,2,x,6", "line 22  has 1, 2, x, 6"),
        ("1.png,a,1,2,,6", "has 1, 2, nothing, 6"),
        ("1.png,a,,,,", "has the class a and no box"),
        ("1.png,,1,2,3,4", "has no label|have no label"),
    ],
)
def test_rows_that_are_no_boxes_are_named(row: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=why.replace("line", "(line|row)")):
        opened(tmp_path, "file,kind,xmin,ymin,xmax,ymax", *ROWS, row)


def test_a_column_of_splits_says_one_for_a_picture(tmp_path: Path) -> None:
    rows = [f"{row},{'train' if number % 10 < 7 else 'val'}" for number, row in enumerate(ROWS)]
    header, options = "file,kind,xmin,ymin,xmax,ymax,split", {"splits": Column(column="split")}
    assert opened(tmp_path, header, *rows, **options).info.sizes == {"train": 7, "validation": 3}
    with pytest.raises(DataError, match=r'different texts in the column "split"'):
        opened(tmp_path, header, *rows, "1.png,a,0,0,1,1,val", **options)


def test_columns_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r'data.boxes: .* has no column "xmin"'):
        opened(tmp_path, "file,kind,a,b,c,d", *ROWS)
    with pytest.raises(ConfigError, match=r'data.boxes: .* has no column "e"'):
        opened(tmp_path, "file,kind,a,b,c,d", *ROWS, boxes=("a", "b", "c", "e"))
    assert find_usual_edges(["X1", "y1", "x2", "y2", "z"]) == ("X1", "y1", "x2", "y2")
    assert find_usual_edges(["x1", "y1", "x2"]) is None
