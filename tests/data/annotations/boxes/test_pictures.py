from __future__ import annotations

import pytest

from kerastune_ft.config.options.data import FolderData, Fractions, Named
from kerastune_ft.data.annotations.boxes.pictures import FoundFile, Layout, find_splits
from kerastune_ft.errors import DataError

LAYOUT = Layout.of(FolderData(path="x"))


def files(*keys: str) -> list[FoundFile]:
    return [FoundFile(f"/x/{key}", key) for key in keys]


@pytest.mark.parametrize(
    ("picture", "annotation"),
    [
        ("images/a.jpg", "annotations/a.xml"),
        ("JPEGImages/a.jpg", "Annotations/a.xml"),
        ("train/images/a.jpg", "train/labels/a.txt"),
        ("images/train/a.jpg", "labels/train/a.txt"),
        ("train/a.jpg", "train/a.xml"),
        ("images/a.jpg", "images/a.xml"),
    ],
)
def test_pictures_and_annotations_of_usual_folders_belong_together(picture: str, annotation: str) -> None:
    (one,), (other,) = files(picture), files(annotation)
    assert LAYOUT.place(one) == LAYOUT.place(other)


def test_other_folders_are_named_by_options() -> None:
    layout = Layout.of(FolderData(path="x", input="scans", label="truth"))
    (one,), (other,) = files("scans/day/a.jpg"), files("truth/day/a.xml")
    assert layout.place(one) == layout.place(other) == ("day", "a")
    assert LAYOUT.place(one) != LAYOUT.place(other)


def test_images_outside_the_folders_of_pictures_are_none() -> None:
    notes: list[str] = []
    found = files("images/a.jpg", "masks/a.png", "images/b.jpg")
    assert [file.key for file in LAYOUT.select_pictures(found, notes)] == ["images/a.jpg", "images/b.jpg"]
    assert notes == ["ignored 1 image outside of images"]
    assert LAYOUT.select_pictures(found[1:2], notes) == found[1:2]


def splits(*keys: str, requested: Fractions | Named | None = None) -> tuple[list[str | None], list[str]]:
    notes: list[str] = []
    return find_splits(files(*keys), LAYOUT, requested, "x", notes), notes


def test_folders_with_names_of_splits_are_splits() -> None:
    assert splits("train/images/a.jpg", "test/images/b.jpg") == (["train", "test"], [])
    found, notes = splits("images/train2017/a.jpg", "images/valid/b.jpg", "images/c.jpg")
    assert found == ["train", "validation", None]
    assert notes == ['splits: "train2017" is taken as train, "valid" is taken as validation']
    assert splits("train/a.jpg", "b.jpg") == ([None, None], [])


def test_shares_pool_them_and_names_choose_among_them() -> None:
    shares = Fractions(train=0.5, validation=0.5)
    found, notes = splits("train/a.jpg", "test/b.jpg", requested=shares)
    assert found == [None, None]
    assert notes == ["splits: the folders train, test are pooled and divided anew, as data.splits says"]
    keys = ("2019/images/a.jpg", "2020/images/b.jpg", "2021/images/c.jpg")
    assert splits(*keys, requested=Named(train="2019", test="2020")) == (["train", "test", None], [])
    assert splits("images/2019/a.jpg", "images/2020/b.jpg", requested=Named(train="2019", test="images/2020"))[0] == [
        "train",
        "test",
    ]
    with pytest.raises(DataError, match=r'data.splits.test: x has no images in a folder "2022"(?s:.*)2019, 2020, 2021'):
        splits(*keys, requested=Named(train="2019", test="2022"))


def test_without_a_folder_to_train_on_it_is_asked() -> None:
    with pytest.raises(DataError, match=r"none to train on"):
        splits("val/a.jpg", "test/b.jpg")
