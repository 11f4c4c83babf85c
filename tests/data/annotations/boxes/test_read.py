from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.config.options.data import TableData
from kerastune_ft.config.options.tasks import ObjectDetection
from kerastune_ft.data.open import open_source
from kerastune_ft.errors import DataError
from tests.support.box_files import (
    boxes,
    opened,
    to_coco,
    to_rows,
    to_xml,
    to_yolo,
    write_picture,
    write_pictures,
    write_voc,
)
from tests.support.image_files import write


def test_xml_files_of_the_same_name_are_labels(tmp_path: Path) -> None:
    source = opened(write_voc(tmp_path / "cells"))
    assert source.info.classes == ("large", "small")
    assert source.info.sizes == {"train": 14, "validation": 3, "test": 3}
    for index, key in enumerate(source.keys):
        expected = boxes(int(Path(key).stem))
        element = source.element(tf.constant(index, tf.int64))
        assert element["boxes"].dtype == tf.float32
        assert element["size"].numpy().tolist() == [12, 16]
        assert element["boxes"].numpy().tolist() == [
            [*sides, source.info.classes.index(name), 0, (sides[2] - sides[0]) * (sides[3] - sides[1])]
            for name, *sides in expected
        ]
        assert source.labels[index].tolist() == [sum(one[0] == name for one in expected) for name in ("large", "small")]
    assert source.label_texts[source.keys.index("images/03.png")] == "4 small"
    assert source.label_texts[source.keys.index("images/04.png")] == ""
    assert any("have none" in note for note in source.info.notes)


def test_splits_are_those_of_folders_and_of_the_lists_of_voc(tmp_path: Path) -> None:
    for split in ("train", "valid", "test"):
        write_voc(tmp_path / "a" / split, 5)
    assert opened(tmp_path / "a").info.sizes == {"train": 5, "validation": 5, "test": 5}
    root = write_voc(tmp_path / "b", 10, "JPEGImages", "Annotations")
    for name, numbers in (("train", range(6)), ("val", range(6, 9))):
        lines = "\n".join(f"{number:02}" for number in numbers)
        write(root / "ImageSets" / "Main" / f"{name}.txt", lines.encode())
    source = opened(root)
    assert source.info.sizes == {"train": 6, "validation": 3}
    assert "ignored 1 image beside the split folders" in source.info.notes


def test_a_picture_without_its_file_and_a_file_without_its_picture_are_named(tmp_path: Path) -> None:
    root = write_voc(tmp_path / "cells")
    write_picture(root, "images/lonely.png")
    write(root / "annotations" / "lost.xml", to_xml([]))
    with pytest.raises(DataError) as error:
        opened(root)
    assert "annotations/lost.xml  has no image of the same name" in str(error.value)
    assert "images/lonely.png  has no annotation of the same name" in str(error.value)
    source = opened(root, on_missing="skip")
    assert {file.path for file in source.info.skipped} == {"images/lonely.png", "annotations/lost.xml"}


def test_a_damaged_file_is_named_or_left_out_with_its_picture(tmp_path: Path) -> None:
    root = write_voc(tmp_path / "cells")
    write(root / "annotations" / "03.xml", b"<annotation>")
    with pytest.raises(DataError, match=r"annotations/03.xml  is no XML that can be read(?s:.*)on_bad_file"):
        opened(root)
    source = opened(root, on_bad_file="skip")
    assert "images/03.png" not in source.keys
    assert [file.path for file in source.info.skipped] == ["annotations/03.xml"]


def test_a_class_that_no_training_picture_has_is_said_and_stays(tmp_path: Path) -> None:
    for split in ("train", "test"):
        write_voc(tmp_path / "a" / split, 10)
    write(tmp_path / "a" / "test" / "annotations" / "00.xml", to_xml([("bishop", 1, 1, 5, 5)]))
    source = opened(tmp_path / "a")
    assert source.info.classes == ("bishop", "large", "small")
    assert "splits: the train split has no example of bishop, so it cannot be learnt" in source.info.notes


def test_all_of_it_is_the_test_split_of_a_run_that_is_evaluated(tmp_path: Path) -> None:
    source = opened(write_voc(tmp_path / "cells"), unsplit=True, task={"classes": ["small", "large", "none"]})
    assert source.info.sizes == {"test": 20}
    assert source.info.classes == ("small", "large", "none")
    assert np.array_equal(source.label_set.numbers.sum(axis=0)[2:], [0])


def test_the_fingerprint_changes_with_a_box_alone(tmp_path: Path) -> None:
    root = write_voc(tmp_path / "cells")
    before = opened(root).info.fingerprint
    assert opened(root).info.fingerprint == before
    write(root / "annotations" / "03.xml", to_xml([*boxes(3)[:-1], ("small", 0, 0, 2, 2)]))
    assert opened(root).info.fingerprint != before


def test_all_formats_give_the_same_pictures_classes_splits_and_boxes(tmp_path: Path) -> None:
    every = list(range(20))
    write(write_pictures(tmp_path / "coco") / "annotations.json", to_coco(every))
    write(write_pictures(tmp_path / "rows") / "boxes.csv", to_rows(every))
    yolo = write_pictures(tmp_path / "yolo")
    write(yolo / "data.yaml", b"names: [large, small]")
    for number in every:
        if boxes(number):
            write(yolo / "labels" / f"{number:02}.txt", to_yolo(boxes(number)))
    sources = {name: opened(tmp_path / name) for name in ("coco", "rows", "yolo")}
    table = TableData(path=str(tmp_path / "rows" / "boxes.csv"), input="filename", label="class")
    task = ObjectDetection(kind="object_detection")
    sources["table"] = open_source(table, task, tmp_path / "cache", lambda _: None)
    expected = opened(write_voc(tmp_path / "voc"))
    for name, source in sources.items():
        assert list(source.keys) == list(expected.keys), name
        assert source.info.classes == expected.info.classes
        assert {split: indices.tolist() for split, indices in source.splits.items()} == {
            split: indices.tolist() for split, indices in expected.splits.items()
        }
        assert source.scheme.most == expected.scheme.most
        for index in range(20):
            mine, theirs = source.label_set.boxes(index), expected.label_set.boxes(index)
            assert mine.shape == theirs.shape
            assert np.array_equal(mine[:, 4:6], theirs[:, 4:6])
            assert np.abs(mine[:, :4] - theirs[:, :4]).max(initial=0) < 0.02
    assert any("cells is a class that no box has" in note for note in sources["coco"].info.notes)
    assert any("4 images without a text file" in note for note in sources["yolo"].info.notes)


def test_of_several_formats_it_is_asked_and_of_none_it_is_said(tmp_path: Path) -> None:
    root = write_voc(tmp_path / "cells")
    write(root / "boxes.csv", to_rows(range(20)))
    assert len(opened(root).keys) == 20
    write(root / "all.json", to_coco(range(10)))
    with pytest.raises(DataError, match=r"XML as of Pascal VOC \(annotations/00.xml\); JSON as of COCO \(all.json\)"):
        opened(root)
    assert len(opened(root, annotations="coco").keys) == 10
    assert len(opened(root, annotations="boxes").keys) == 20
    with pytest.raises(DataError, match=r"has no annotations of a format that is read"):
        opened(write_pictures(tmp_path / "bare"))
