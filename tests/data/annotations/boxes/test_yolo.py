from __future__ import annotations

from pathlib import Path

import pytest

from kerastune_ft.data.annotations.boxes.base import UnusableAnnotationError
from kerastune_ft.data.annotations.boxes.yolo import parse
from kerastune_ft.errors import DataError
from tests.support.box_files import boxes, opened, to_yolo, write_picture
from tests.support.image_files import write


def write_yolo(root: Path, splits: dict[str, range], images: str = "{split}/images", labels: str = "{split}/labels"):
    for split, numbers in splits.items():
        for number in numbers:
            write_picture(root, f"{images.format(split=split)}/{number:02}.png", number)
            write(root / labels.format(split=split) / f"{number:02}.txt", to_yolo(boxes(number)))
    return root


def test_lines_are_class_centre_and_size_or_an_outline() -> None:
    found = parse(b"1 0.5 0.5 0.2 0.4\n\n0 .1 .2 .5 .2 .3 .6\n", "a.txt", {0: "a", 1: "b"})
    assert found.classes == ("b", "a")
    assert found.sides.round(9).tolist() == [[0.4, 0.3, 0.6, 0.7], [0.1, 0.2, 0.5, 0.6]]
    assert parse(b"7 0.5 0.5 1 1", "a.txt", {}).classes == ("7",)
    assert parse(b"", "a.txt", {}).classes == ()


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"cell 0.1 0.1 0.1 0.1", 'line 1 is "cell 0.1'),
        (b"0.5 0.1 0.1 0.1 0.1", "and not a class and numbers"),
        (b"0 0.1 0.1 0.1", "line 1 has 4 numbers; a box has 5"),
        (b"0 0.1 0.1 0.1 0.1 0.9", "line 1 has 6 numbers"),
        (b"0 100 120 30 40", "line 1 has 120, and YOLO's numbers are fractions"),
        (b"0 0.1 -0.4 0.1 0.1", "line 1 has -0.4"),
        (b"2 0.1 0.1 0.1 0.1", "line 1 has the class 2, and 2 are named"),
    ],
)
def test_other_lines_say_what_is_wrong(line: bytes, why: str) -> None:
    with pytest.raises(UnusableAnnotationError, match=why):
        parse(line, "a.txt", {0: "a", 1: "b"})


@pytest.mark.parametrize(
    ("images", "labels"), [("{split}/images", "{split}/labels"), ("images/{split}", "labels/{split}")]
)
def test_classes_and_splits_are_those_of_data_yaml(images: str, labels: str, tmp_path: Path) -> None:
    splits = {"train": range(10), "valid": range(10, 14), "test": range(14, 20)}
    root = write_yolo(tmp_path / "a", splits, images, labels)
    lines = ["names:", "  0: large", "  1: small", "  2: cracked"]
    lines += [
        f"{key}: ../{images.format(split=split)}" for key, split in zip(("train", "val", "test"), splits, strict=True)
    ]
    write(root / "data.yaml", "\n".join(lines).encode())
    write(root / "README.roboflow.txt", b"Exported by a tool")
    source = opened(root)
    assert source.info.classes == ("large", "small")
    assert source.info.sizes == {"train": 10, "validation": 4, "test": 6}
    assert "boxes: cracked is a class that no box has, and none of this run" in source.info.notes


def test_classes_are_named_by_a_list_or_called_by_their_numbers(tmp_path: Path) -> None:
    root = write_yolo(tmp_path / "a", {"": range(20)}, "images", "labels")
    assert opened(root).info.classes == ("0", "1")
    assert opened(root, task={"classes": {"1": "small", "0": "large"}}).info.classes == ("small", "large")
    write(root / "labels" / "classes.txt", b"large\nsmall\n")
    assert opened(root).info.classes == ("large", "small")
    # A name is missing: the class behind it keeps its number.
    write(root / "labels" / "classes.txt", b"\nsmall\n\n")
    assert opened(root).info.classes == ("0", "small")
    write(root / "data.yaml", b"names: {large: 0, small: 1}")
    with pytest.raises(DataError, match=r"has names by large, small, and not by number"):
        opened(root)
    write(root / "data.yaml", b"names: [a, b]")
    write(root / "other.yaml", b"names: [b, a]")
    with pytest.raises(DataError, match=r"name the classes otherwise(?s:.*)data.yaml"):
        opened(root)


def test_labels_without_a_picture_and_no_labels_at_all_are_refused(tmp_path: Path) -> None:
    root = write_yolo(tmp_path / "a", {"": range(20)}, "images", "labels")
    write(root / "labels" / "lost.txt", b"")
    with pytest.raises(DataError, match=r"labels/lost.txt  has no image of the same name"):
        opened(root)
    write_picture(tmp_path / "b", "images/1.png")
    with pytest.raises(DataError, match=r"has no text file with the name of an image"):
        opened(tmp_path / "b", annotations="yolo")


def test_pictures_of_which_none_has_a_box_are_refused(tmp_path: Path) -> None:
    root = tmp_path / "a"
    for number in range(12):
        write_picture(root, f"images/{number:02}.png", number)
        write(root / f"labels/{number:02}.txt", b"")
    with pytest.raises(DataError, match="has no box; check the annotations"):
        opened(root)
