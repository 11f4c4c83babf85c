"""`init` on folders of images with boxes or masks."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from kerastune_ft import init
from kerastune_ft.config.read import read
from kerastune_ft.errors import DataError
from tests.support.box_files import (
    boxes,
    to_coco,
    to_rows,
    to_yolo,
    write_pictures,
    write_voc,
)
from tests.support.image_files import encode_image, write
from tests.support.init_data import read_written


def write_format(root: Path, name: str) -> None:
    if name == "voc":
        write_voc(root)
        return
    write_pictures(root)
    if name == "coco":
        write(root / "all.json", to_coco(range(20)))
    elif name == "boxes":
        write(root / "boxes.csv", to_rows(range(20)))
    else:
        for number in range(20):
            write(root / "labels" / f"{number:02}.txt", to_yolo(boxes(number)))


@pytest.mark.parametrize("name", ["voc", "coco", "yolo", "boxes"])
def test_every_format_of_boxes_is_recognised(name: str) -> None:
    write_format(Path("d"), name)
    started = init("d")
    document = read_written("d.json")
    assert document["task"] == {"kind": "object_detection"}
    assert document["data"]["annotations"] == name
    assert started.examples == 20
    assert any(("0 " if name == "yolo" else "large ") in note for note in started.seen)
    assert "4 images have none and are examples without objects" in started.seen
    config = read(Path("d.json"))
    assert config.data.resize == "pad"
    assert [phase.name for phase in config.phases] == ["head"]


def test_masks_in_folders_of_other_letters_are_no_classes() -> None:
    for number in range(12):
        for name in ("Images", "MASKS"):
            write(Path("d") / name / f"{number}.png", encode_image(np.full((8, 8), 255 * (number % 2), np.uint8)))
    init("d")
    document = read_written("d.json")
    assert document["task"]["kind"] == "image_segmentation"
    assert (document["data"]["input"], document["data"]["label"]) == ("Images", "MASKS")
    shutil.copytree(Path("d"), Path("e") / "train")
    shutil.copytree(Path("d"), Path("e") / "test")
    (Path("e") / "test" / "Images").rename(Path("e") / "test" / "images")
    with pytest.raises(DataError, match=r"other names in each split \(images and MASKS, Images and MASKS\)"):
        init("e")


def test_archives_and_folders_of_splits_are_seen() -> None:
    for split in ("train", "valid"):
        write_voc(Path("d") / "set" / split)
    shutil.make_archive("d", "zip", "d")
    assert "split folders: train 20, validation 20" in init("d.zip").seen
    assert read_written("d.json")["data"]["path"] == "d.zip"


def test_what_is_doubtful_is_asked() -> None:
    write_voc(Path("d"))
    document = json.loads(to_coco(range(20)))
    document["annotations"][0]["segmentation"] = [[0, 0, 1, 1, 2, 0]]
    write(Path("d") / "all.json", json.dumps(document).encode())
    (Path("d") / "images" / "03.png").unlink()
    asks = init("d").asks
    assert any("1 file cannot be used: annotations/03.xml" in one for one in asks)
    assert any("JSON as of COCO (all.json) too" in one for one in asks)
    shutil.rmtree(Path("d") / "annotations")
    assert any("image_segmentation" in one for one in init("d", "e.json").asks)


def write_masks(root: Path, values: list[int], count: int = 6, dtype: type = np.uint8) -> None:
    write_pictures(root, count)
    for number in range(count):
        mask = np.random.default_rng(number).choice(np.array(values, dtype), (12, 16))
        write(root / "masks" / f"{number:02}.png", encode_image(mask))


@pytest.mark.parametrize(
    ("values", "classes", "asked"),
    [
        ([0, 255], {"0": "background", "255": "object"}, "what are the values 0, 255"),
        ([0, 1, 2, 255], {"0": "background", "1": "class_1", "2": "class_2", "255": "class_255"}, "is 255 the value"),
        (list(range(60)), {"0": "background", "1-65535": "object"}, "number objects"),
    ],
)
def test_values_of_masks_are_named_and_asked_about(values: list[int], classes: dict[str, str], asked: str) -> None:
    write_masks(Path("d"), values)
    started = init("d")
    task = read_written("d.json")["task"]
    assert (task["kind"], task["classes"]) == ("image_segmentation", classes)
    assert any(asked in one for one in started.asks)
    assert read(Path("d.json")).data.resize == "stretch"


def test_split_folders_of_masks_are_named() -> None:
    for split in ("training", "testing"):
        write_masks(Path("d") / split, [0, 255])
    init("d")
    assert read_written("d.json")["data"]["splits"] == {"train": "training", "test": "testing"}
