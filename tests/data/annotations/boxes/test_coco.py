from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kerastune_ft.config.options.data import Named
from kerastune_ft.data.annotations.boxes.coco import is_number, looks_like_coco
from kerastune_ft.errors import DataError
from tests.support.box_files import opened, to_coco, write_picture, write_pictures
from tests.support.image_files import write


def changed(root: Path, change: Any, numbers: range = range(20)) -> Path:
    document = json.loads(to_coco(numbers))
    change(document)
    write(write_pictures(root) / "annotations.json", json.dumps(document).encode())
    return root


def test_files_of_splits_are_known_by_their_folders_and_names(tmp_path: Path) -> None:
    roboflow, usual = tmp_path / "roboflow", tmp_path / "usual"
    for split, numbers in (("train", range(10)), ("valid", range(10, 14)), ("test", range(14, 20))):
        for number in numbers:
            write_picture(roboflow, f"{split}/{number:02}.png", number)
            write_picture(usual, f"{split}2017/{number:02}.png", number)
        write(roboflow / split / "_annotations.coco.json", to_coco(numbers))
        write(usual / "annotations" / f"instances_{split}2017.json", to_coco(numbers))
        write(usual / "annotations" / f"captions_{split}2017.json", b'{"images": [], "annotations": []}')
    for root in (roboflow, usual):
        assert opened(root).info.sizes == {"train": 10, "validation": 4, "test": 6}
    assert 'splits: "valid" is taken as validation' in opened(roboflow).info.notes
    named = opened(roboflow, splits=Named(train="test", test="valid"))
    assert len(named.splits["test"]) == 4
    assert sum(map(len, named.splits.values())) == 10


def test_pictures_of_one_name_in_several_splits_are_those_of_the_split_of_the_file(tmp_path: Path) -> None:
    for split, numbers in (("train", range(10)), ("val", range(6))):
        for number in numbers:
            write_picture(tmp_path / "a", f"images/{split}/{number:02}.png", number + len(split))
        write(tmp_path / "a" / "annotations" / f"{split}.json", to_coco(numbers))
    source = opened(tmp_path / "a")
    assert source.info.sizes == {"train": 10, "validation": 6}
    assert {source.keys[index].split("/")[1] for index in source.splits["validation"]} == {"val"}


def test_pictures_that_are_not_there_not_listed_or_listed_twice_are_named(tmp_path: Path) -> None:
    root = changed(tmp_path / "a", lambda document: document["images"][3].update(file_name="gone.png"))
    with pytest.raises(DataError, match=r"gone.png of annotations.json  is not there"):
        opened(root)
    source = opened(root, on_missing="skip")
    assert len(source.keys) == 19
    assert "ignored 1 image that no JSON file lists" in source.info.notes
    write(root / "again.json", to_coco(range(12)))
    with pytest.raises(DataError, match=r"listed twice(?s:.*)in again.json and in annotations.json(?s:.*)label"):
        opened(root, on_missing="skip")
    assert len(opened(root, label="again.json").keys) == 12


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda one: one.update(bbox=[1, 2, 3]), "annotation 0 of annotations.json has no bbox of four numbers"),
        (lambda one: one.pop("bbox"), "has no bbox of four numbers"),
        (lambda one: one.update(category_id=9), "has the category 9, of none"),
        (lambda one: one.update(image_id=99), "1 annotation belongs to an image that it does not list .image_id 99"),
    ],
)
def test_annotations_that_cannot_be_used_are_named_and_left_out_with_their_picture(
    change: Any, why: str, tmp_path: Path
) -> None:
    root = changed(tmp_path / "a", lambda document: change(document["annotations"][0]))
    with pytest.raises(DataError, match=why):
        opened(root)
    assert len(opened(root, on_bad_file="skip").info.skipped) == 1


def test_crowds_are_ignored_and_areas_kept(tmp_path: Path) -> None:
    root = changed(tmp_path / "a", lambda document: document["annotations"][0].update(iscrowd=1, area=5.5))
    assert opened(root).label_set.boxes(0)[0, 5:].tolist() == [1, 5.5]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda document: document.update(categories={"a": 1}), "has no list of objects called categories"),
        (lambda document: document["categories"].append({"id": 3}), "a category without id or name"),
        (lambda document: document["images"].append(document["images"][0]), "has several images of one id"),
    ],
)
def test_documents_of_another_form_say_what_is_wrong(change: Any, why: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=why):
        opened(changed(tmp_path / "a", change))


def test_json_is_known_by_its_sections() -> None:
    assert looks_like_coco(to_coco(range(1)))
    assert not looks_like_coco(b'{"images": [], "annotations": []}')
    assert is_number(1.5) and not is_number(True) and not is_number(float("nan")) and not is_number("1")
