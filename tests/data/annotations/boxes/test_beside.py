from __future__ import annotations

from pathlib import Path

import pytest

from kerastune_ft.config.options.data import FolderData
from kerastune_ft.data.annotations.boxes.beside import read_beside
from kerastune_ft.data.annotations.boxes.pictures import FoundFile, Layout
from kerastune_ft.data.labels.raw import BoxList
from kerastune_ft.errors import DataError

LAYOUT = Layout.of(FolderData(path="x"))


def parse(content: bytes, place: str) -> BoxList:
    return BoxList.make([[0, 0, 1, 1]] * int(content), ["cell"] * int(content), place)


def test_every_picture_gets_the_boxes_of_its_file_in_order(tmp_path: Path) -> None:
    pictures = [FoundFile("", f"images/{name}.png") for name in "bac"]
    files = []
    for name, count in (("a", 2), ("b", 1), ("z", 1)):
        (tmp_path / name).write_text(str(count))
        files.append(FoundFile(str(tmp_path / name), f"annotations/{name}.txt"))
    files.append(FoundFile(str(tmp_path / "gone"), "annotations/c.txt"))
    found, refused = read_beside(pictures, ["train", "test", "test"], files, LAYOUT, parse, lambda _: None)
    assert [(one.picture.key, one.split, len(one.boxes.classes)) for one in found] == [
        ("images/b.png", "train", 1),
        ("images/a.png", "test", 2),
    ]
    assert {(one.key, one.rule) for one in refused} == {
        ("annotations/z.txt", "on_missing"),
        ("annotations/c.txt", "on_bad_file"),
    }


def test_a_picture_may_do_without_a_file_where_the_format_says_so() -> None:
    found, refused = read_beside(
        [FoundFile("", "a.png")], [None], [], LAYOUT, parse, lambda _: BoxList.make([], [], "-")
    )
    assert [one.boxes.classes for one in found] == [()] and refused == []


def test_names_that_do_not_tell_which_belongs_to_which_are_refused() -> None:
    pictures = [FoundFile("", "images/a.png"), FoundFile("", "photos/a.jpg")]
    with pytest.raises(DataError, match=r"images of the same name(?s:.*)images/a.png  and photos/a.jpg"):
        read_beside(pictures, [None, None], [], LAYOUT, parse, lambda _: None)
