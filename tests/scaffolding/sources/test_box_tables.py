"""`init` on tables with a row for each box."""

from __future__ import annotations

from pathlib import Path

import pytest

from kerastune_ft import init
from kerastune_ft.config.read import read
from tests.support.box_files import to_rows, write_picture, write_pictures
from tests.support.image_files import write
from tests.support.init_data import read_written


@pytest.mark.parametrize(("folder", "wanted"), [("images/", "filename"), ("", "images/{filename}")])
def test_columns_are_known_by_their_names_and_images_by_where_they_are(folder: str, wanted: str) -> None:
    write(write_pictures(Path("d")) / "boxes.csv", to_rows(range(20), folder))
    started = init("d/boxes.csv")
    data = read_written("boxes.json")["data"]
    assert (data["input"], data["label"], data["boxes"]) == (wanted, "class", ["xmin", "ymin", "xmax", "ymax"])
    assert started.examples == 20
    assert not started.asks
    assert read(Path("boxes.json")).data.resize == "pad"


def test_a_column_of_splits_is_taken() -> None:
    rows = to_rows(range(20), "").decode().splitlines()
    splits = ["split", *("train" if int(row[:2]) < 15 else "val" for row in rows[1:])]
    write(Path("d") / "boxes.csv", "\n".join(map(",".join, zip(rows, splits, strict=True))).encode())
    for number in range(20):
        write_picture(Path("d"), f"{'train' if number < 15 else 'val'}/{number:02}.png", number)
    started = init("d/boxes.csv")
    data = read_written("boxes.json")["data"]
    assert (data["input"], data["splits"]) == ("{split}/{filename}", {"column": "split"})
    assert "splits of the table: train 15, validation 5" in started.seen


def test_other_tables_are_none_of_boxes_and_lost_images_are_asked_about() -> None:
    write(Path("d") / "boxes.csv", to_rows(range(20)))
    assert any("where are the images?" in one for one in init("d/boxes.csv").asks)
    write(Path("t.csv"), b"text,label\n" + b"".join(b"what a day %d,good\nbad %d,bad\n" % (n, n) for n in range(20)))
    init("t.csv")
    assert read_written("t.json")["task"]["kind"] == "text_classification"
