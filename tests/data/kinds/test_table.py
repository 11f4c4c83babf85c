from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
import tensorflow as tf

from kerastune_ft.config.options.data import Column, Fractions, MultipleLabels, NamedTables, TableData
from kerastune_ft.config.options.tasks import ImageClassification
from kerastune_ft.data.open import open_source
from kerastune_ft.data.splits.table import splits_table
from kerastune_ft.errors import ConfigError, DataError
from tests.support.image_files import encode_image, pixels, write
from tests.support.table_files import format_delimited, images, open_table, pet_table, pets

XRAY_COLUMNS = ("Image Index", "Finding Labels", "Follow-up #", "Patient ID", "Patient Age", "View Position")


FINDINGS = ("Cardiomegaly|Effusion", "No Finding", "Effusion", "Cardiomegaly", "Hernia | Effusion|Effusion")


def test_a_table_becomes_a_source(tmp_path: Path) -> None:
    path = pet_table(tmp_path / "data")
    source = open_table(path)
    assert (source.info.kind, source.info.name, source.info.examples) == ("table", "pets.csv", 20)
    assert source.info.classes == ("cat", "dog")
    assert source.info.sizes == {"train": 14, "validation": 3, "test": 3}
    assert list(source.keys[:2]) == ["images/000.png", "images/001.png"]
    assert source.label_texts[:2] == ["cat", "dog"]
    assert source.groups is None
    columns, rows = splits_table(source)
    assert (list(columns), len(rows)) == (["input", "label", "split", "content"], 20)


def test_elements_are_read_by_index(tmp_path: Path) -> None:
    source = open_table(pet_table(tmp_path / "data"))
    read = list(tf.data.Dataset.range(20).map(source.element, num_parallel_calls=2).as_numpy_iterator())
    for index in (0, 7, 19):
        assert read[index]["image"] == (tmp_path / "data" / source.keys[index]).read_bytes()


def test_chest_x_rays(tmp_path: Path) -> None:
    """A table like that of NIH's ChestX-ray14: labels with bars, patients with several images."""
    root = tmp_path / "data"
    names = [f"{patient:08d}_{visit:03d}.png" for patient in range(1, 41) for visit in range(1 + patient % 3)]
    rows = [
        [name, FINDINGS[index % 5], name[9:12].lstrip("0") or "0", str(int(name[:8])), "058Y", "PA"]
        for index, name in enumerate(names)
    ]
    images(root, [f"images/{name}" for name in names])
    path = write(root / "Data_Entry.csv", format_delimited(XRAY_COLUMNS, rows))
    label = MultipleLabels(column="Finding Labels", separator="|", none="No Finding")
    source = open_table(path, multi_label=True, input="images/{Image Index}", label=label, group="Patient ID")
    assert source.info.classes == ("Cardiomegaly", "Effusion", "Hernia")
    assert source.label_texts[:5] == ["Cardiomegaly|Effusion", "", "Effusion", "Cardiomegaly", "Effusion|Hernia"]
    assert source.labels.dtype == np.uint8
    assert source.groups is not None and source.groups[0] == "1"
    patients = [{source.groups[index] for index in indices} for indices in source.splits.values()]
    assert sum(map(len, patients)) == len(set.union(*patients)) == 40
    assert sum(source.info.groups.values()) == 40
    assert sum(source.info.sizes.values()) == len(names)


def test_diabetic_retinopathy(tmp_path: Path) -> None:
    """A table like that of APTOS 2019: ids without a suffix, grades from 0 to 4."""
    root = tmp_path / "data"
    rows = [[f"{0xA1B2 + 77 * number:06x}", str(number % 5)] for number in range(60)]
    images(root, [f"train_images/{code}.png" for code, _ in rows])
    path = write(root / "train.csv", format_delimited(["id_code", "diagnosis"], rows))
    source = open_table(path, input="train_images/{id_code}.png", label="diagnosis")
    assert source.info.classes == ("0", "1", "2", "3", "4")
    assert source.keys[0] == "train_images/00a1b2.png"
    assert source.info.sizes == {"train": 42, "validation": 9, "test": 9}


def test_grades_are_values_for_a_regression(tmp_path: Path) -> None:
    root = tmp_path / "data"
    rows = [[name, str(number / 2), str(-number)] for number, (name, _) in enumerate(pets(root))]
    path = write(root / "t.csv", format_delimited(["image", "grade", "depth"], rows))
    source = open_table(path, values=True, label="grade")
    assert source.scheme.names == ("grade",)
    assert source.labels[:3, 0].tolist() == [0, 0.5, 1]
    source = open_table(path, values=True, label=("grade", "depth"))
    assert source.scheme.names == ("grade", "depth")
    assert source.labels[2].tolist() == [1, -2]
    rows[3][1], rows[4][2] = "much", ""
    write(path, format_delimited(["image", "grade", "depth"], rows))
    with pytest.raises(DataError, match=r'row 5: images/003.png: grade is "much"'):
        open_table(path, values=True, label="grade")
    with pytest.raises(DataError, match=r"1 row of 20 .* has no label \(grade and depth\):\n  row 6: images/004.png"):
        open_table(path, values=True, label=("grade", "depth"))


def test_every_form_of_a_table_gives_the_same_source(tmp_path: Path) -> None:
    root = tmp_path / "data"
    rows = [[str(int(name[7:10])), label, str(number // 2)] for number, (name, label) in enumerate(pets(root))]
    rows = [[code.zfill(3), label, group] for code, label, group in rows]
    header = ["code", "label", "site"]
    write(root / "t.csv", format_delimited(header, rows))
    write(root / "bom.csv", b"\xef\xbb\xbf" + format_delimited(header, rows, ";"))
    write(root / "t.tsv", format_delimited(header, rows, "\t"))
    records = [{"code": code, "label": label, "site": int(site)} for code, label, site in rows]
    write(root / "t.jsonl", "\n".join(map(json.dumps, records)).encode())
    pandas.DataFrame(records).to_parquet(root / "t.parquet")
    opened = [
        open_table(root / name, input="images/{code}.png", group="site")
        for name in ("t.csv", "bom.csv", "t.tsv", "t.jsonl", "t.parquet")
    ]
    first = opened[0]
    for other in opened[1:]:
        assert other.info.fingerprint == first.info.fingerprint
        assert (other.keys, other.groups, other.label_texts) == (first.keys, first.groups, first.label_texts)
        assert all((other.splits[split] == first.splits[split]).all() for split in first.splits)
    assert first.keys[0] == "images/000.png"


def test_the_fingerprint_follows_content_labels_groups_and_splits_but_no_order(tmp_path: Path) -> None:
    root = tmp_path / "data"
    rows = [[*row, str(number // 2), "train" if number < 14 else "test"] for number, row in enumerate(pets(root))]
    header = ["image", "label", "site", "part"]

    def fingerprint(rows: list[list[str]], **options: Any) -> str:
        return open_table(write(root / "t.csv", format_delimited(header, rows)), **options).info.fingerprint

    first = fingerprint(rows)
    assert fingerprint(rows[::-1]) == first
    moved = [[*row[:2], "9", row[3]] if number == 3 else row for number, row in enumerate(rows)]
    assert fingerprint(moved) == first
    assert fingerprint(moved, group="site") != fingerprint(rows, group="site")
    replaced = [[*row[:3], "test"] if number == 3 else row for number, row in enumerate(rows)]
    by_column = {"splits": Column(column="part")}
    assert fingerprint(replaced, **by_column) != fingerprint(rows, **by_column)
    assert fingerprint([[rows[0][0], "dog", *rows[0][2:]], *rows[1:]]) != first
    write(root / "images" / "000.png", encode_image(pixels(999)))
    assert fingerprint(rows) != first


def test_splits_of_a_column(tmp_path: Path) -> None:
    root = tmp_path / "data"
    parts = ["train"] * 12 + ["val"] * 4 + ["test"] * 4
    rows = [[*row, part] for row, part in zip(pets(root), parts, strict=True)]
    path = pet_table(root, rows, ("image", "label", "part"))
    source = open_table(path, splits=Column(column="part"))
    assert source.splits["validation"].tolist() == [12, 13, 14, 15]
    with pytest.raises(ConfigError, match=r'data.splits.column: .* no column "prt"; did you mean "part"'):
        open_table(path, splits=Column(column="prt"))
    rows[5][2] = "holiday"
    with pytest.raises(DataError, match="holiday"):
        open_table(pet_table(root, rows, ("image", "label", "part")), splits=Column(column="part"))
    with pytest.raises(DataError, match=r"there is no table .*train\.csv(.|\n)*a column that says them is"):
        open_table(path, splits=NamedTables(train="train.csv"))


def test_the_place_in_a_split_follows_the_file_and_not_the_row(tmp_path: Path) -> None:
    root = tmp_path / "data"
    rows = pets(root)
    first = open_table(pet_table(root, rows), splits=Fractions(train=0.6, validation=0.2, test=0.2))
    other = open_table(pet_table(root, rows[::-1]), splits=Fractions(train=0.6, validation=0.2, test=0.2))
    for split in first.splits:
        named = [{source.keys[index] for index in source.splits[split]} for source in (first, other)]
        assert named[0] == named[1]


def test_rows_without_a_group_are_named(tmp_path: Path) -> None:
    root = tmp_path / "data"
    rows = [[*row, "" if number == 8 else str(number)] for number, row in enumerate(pets(root))]
    path = pet_table(root, rows, ("image", "label", "site"))
    with pytest.raises(DataError, match=r"data.group: 1 row of .* without a site:\n  row 10\n"):
        open_table(path, group="site")


def test_files_that_are_not_there(tmp_path: Path) -> None:
    root = tmp_path / "data"
    rows = pets(root)
    os.rename(root / "images" / "004.png", root / "images" / "004.PNG")
    os.rename(root / "images" / "007.png", root / "images" / "007.jpg")
    os.rename(root / "images" / "012.png", root / "images" / "elsewhere")
    rows[9][0] = "pictures/009.png"
    rows[10][0] = "images\\010.png"
    rows[11][0] = ""
    rows[13][0] = "https://example.org/13.png"
    path = pet_table(root, rows)
    with pytest.raises(DataError) as caught:
        open_table(path)
    text = str(caught.value)
    assert "7 of 20 image files" in text
    assert "row 6: images/004.png  is not there; images/004.PNG is" in text
    assert "row 9: images/007.png  is not there; images/007.jpg is" in text
    assert f"row 11: pictures/009.png  is not there, nor is the folder {root / 'pictures'}" in text
    assert "images/010.png is, so write slashes for backslashes" in text
    assert "row 13  is not named: image is empty" in text
    assert "row 14: images/012.png  is not there" in text
    assert "web address" in text
    assert 'write  "on_missing": "skip"  in data' in text
    source = open_table(path, on_missing="skip")
    assert source.info.examples == 13
    assert len(source.info.skipped) == 7
    assert source.info.skipped[0].path == "row 6: images/004.png"


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    root = tmp_path / "data"
    rows = pets(root)
    write(root / "images" / "003.png", b"")
    write(root / "images" / "005.png", b"\0" * 128 + b"DICM")
    rows[6][0] = "images"
    rows[8][0] = "images/" + "x" * 300 + ".png"
    path = pet_table(root, rows)
    with pytest.raises(DataError) as caught:
        open_table(path)
    assert "row 5: images/003.png  is empty" in str(caught.value)
    assert "row 7: images/005.png  is DICOM without a picture" in str(caught.value)
    assert "row 8: images  is " in str(caught.value)
    assert "x...  cannot be read: file name too long" in str(caught.value)
    assert open_table(path, on_bad_file="skip").info.examples == 16


def test_deep_images_need_a_range(tmp_path: Path) -> None:
    root = tmp_path / "data"
    rows = pets(root)
    for number, (name, _) in enumerate(rows):
        write(root / name, encode_image(np.full((8, 8), 16 * number, np.uint16)))
    path = pet_table(root, rows)
    with pytest.raises(DataError, match=r'row 2: images/000.png(.|\n)*"intensity": \[0, 304\]'):
        open_table(path)
    source = open_table(path, intensity=(0.0, 304.0))
    assert tf.io.decode_image(source.element(tf.constant(19, tf.int64))["image"]).numpy().max() == 255


def test_a_file_of_several_rows(tmp_path: Path) -> None:
    root = tmp_path / "data"
    rows = [*pets(root), ["images/000.png", "cat"], ["./images/../images/000.png", "cat"], ["images/001.png", "cat"]]
    source = open_table(pet_table(root, rows))
    assert source.info.examples == 23
    assert list(source.keys[-3:]) == ["images/000.png (row 22)", "images/000.png (row 23)", "images/001.png (row 24)"]
    assert len(set(source.keys)) == 23
    said = "\n".join(source.info.notes)
    assert "1 image file is named by more than one row: rows 2, 22, 23 (images/000.png)" in said
    assert "1 image file is named by more than one row with different labels: rows 3, 24 (images/001.png)" in said
    assert "in more than one class, so one of the labels is wrong" in said


def test_other_data_with_the_same_columns_is_all_test(tmp_path: Path) -> None:
    path = pet_table(tmp_path / "data")
    options = TableData(path=str(path), input="image", label="label", group="gone", splits=Column(column="gone"))
    source = open_source(options, ImageClassification(classes=("dog", "cat")), tmp_path / "cache", print, unsplit=True)
    assert source.info.classes == ("dog", "cat")
    assert {split: indices.tolist() for split, indices in source.splits.items()} == {"test": list(range(20))}
    assert source.groups is None
