from __future__ import annotations

import json
from pathlib import Path

import pytest
import tensorflow as tf

from kerastune_ft.errors import DataError
from tests.support.image_files import encode_image, pixels, write
from tests.support.table_files import images, open_table, pet_table, pets


def test_paths_outside_and_absolute(tmp_path: Path) -> None:
    root = tmp_path / "data" / "tables"
    rows = pets(tmp_path / "data")
    rows = [[f"../{name}", label] for name, label in rows]
    rows[3][0] = str(tmp_path / "data" / "images" / "003.png")
    write(root / "own.png", encode_image(pixels(500)))
    rows.append([str(root / "own.png"), "cat"])
    source = open_table(pet_table(root, rows))
    assert source.keys[0] == "../images/000.png"
    assert source.keys[3] == str(tmp_path / "data" / "images" / "003.png")
    assert source.keys[20] == "own.png"
    assert "20 image files lie outside the folder of pets.csv" in source.info.notes


def test_hostile_names(tmp_path: Path) -> None:
    root = tmp_path / "data"
    names = [
        "images/ünï/漢字 😀.png",
        "images/two\nlines.png",
        'images/a,"b";c.png',
        "images/ x .png",
        f"{'y' * 200}.png",
    ]
    rows = pets(root) + [[name, ("cat", "dog")[number % 2]] for number, name in enumerate(names)]
    images(root, [name for name, _ in rows])
    source = open_table(pet_table(root, rows))
    assert list(source.keys[20:]) == names
    read = source.element(tf.constant(20, tf.int64))["image"].numpy()
    assert read == (root / names[0]).read_bytes()
    rows[20][0] = "images/u\u0308nï/漢字 😀.png"
    with pytest.raises(DataError, match=r"nor is the folder"):
        open_table(pet_table(root, rows))
    rows[20][0], rows[21][0] = names[0], "images/ünï/gone.png\nrow 9: x"
    with pytest.raises(DataError, match=r"  row 23: images/ünï/gone.png row 9: x  is not there"):
        open_table(pet_table(root, rows))


def test_a_name_that_no_file_can_have_is_missing(tmp_path: Path) -> None:
    root = tmp_path / "data"
    records = [{"image": name, "label": label} for name, label in pets(root)]
    records[4]["image"] = "images/\0.png"
    write(root / "t.jsonl", "\n".join(map(json.dumps, records)).encode())
    with pytest.raises(DataError, match=r'line 5: images/\0.png  is (.|\n)*"on_missing": "skip"'):
        open_table(root / "t.jsonl")


def test_accents_written_in_another_way_are_said(tmp_path: Path) -> None:
    root = tmp_path / "data"
    rows = [*pets(root), ["images/e\u0301.png", "cat"]]
    images(root, ["images/\u00e9.png"])
    with pytest.raises(DataError, match=r"is not there; images/\u00e9\.png is, written with other Unicode letters"):
        open_table(pet_table(root, rows))
