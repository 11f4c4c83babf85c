from __future__ import annotations

from pathlib import Path

import pytest

from kerastune_ft.config.options.data import Fractions, Named
from kerastune_ft.data.splits.table import splits_table
from kerastune_ft.errors import DataError
from tests.support.image_files import Open, class_folders, encode_image, pixels, write


def test_split_folders_are_used(tmp_path: Path, open_folder: Open) -> None:
    root = tmp_path / "pets"
    for seed, (split, count) in enumerate({"train": 8, "validation": 3, "test": 2}.items()):
        class_folders(root / split, count, seed=seed * 100)
    source = open_folder(root)
    assert {split: len(indices) for split, indices in source.splits.items()} == {
        "train": 16,
        "validation": 6,
        "test": 4,
    }
    assert {key.split("/")[0] for key, _, split, _ in splits_table(source)[1] if split == "test"} == {"test"}


@pytest.mark.parametrize("below", ["", "cat", "cat/old"])
@pytest.mark.parametrize("named", [False, True])
def test_an_empty_split_folder_is_an_error(tmp_path: Path, open_folder: Open, below: str, named: bool) -> None:
    root = tmp_path / "pets"
    class_folders(root / "train", 8)
    (root / "validation" / below).mkdir(parents=True)
    splits = Named(train="train", validation="validation") if named else None
    with pytest.raises(DataError, match=r"validation .*(class folders with images|no sub-folders)"):
        open_folder(root, splits=splits)
    assert open_folder(root, splits=Fractions(train=0.7, validation=0.3)).info.examples == 16


def test_an_empty_class_folder_in_a_split_is_said(tmp_path: Path, open_folder: Open) -> None:
    for seed, name in enumerate(("train", "validation", "test")):
        class_folders(tmp_path / "pets" / name, 4, seed=seed * 100)
    for image in (tmp_path / "pets" / "test" / "dog").iterdir():
        image.unlink()
    notes = open_folder(tmp_path / "pets").info.notes
    assert "the class folder test/dog has no image" in notes
    assert "splits: the test split has no example of dog, so its AUC is undefined" in notes


def test_equal_folders_inside_classes_are_said_to_be_merged(tmp_path: Path, open_folder: Open) -> None:
    for seed, name in enumerate(("cat", "dog")):
        class_folders(tmp_path / "pets" / name, 4, ("p1", "p2"), seed=seed * 5000)
    source = open_folder(tmp_path / "pets")
    assert "the folders p1, p2 inside the classes cat, dog were merged" in source.info.notes
    write(tmp_path / "pets" / "dog" / "a.png", encode_image(pixels(99)))
    assert not any("merged" in note for note in open_folder(tmp_path / "pets").info.notes)


def test_missing_validation_folder_is_15_percent_of_train(tmp_path: Path, open_folder: Open) -> None:
    class_folders(tmp_path / "pets" / "train", 20)
    class_folders(tmp_path / "pets" / "test", 5, seed=50)
    source = open_folder(tmp_path / "pets")
    assert [len(source.splits[split]) for split in ("train", "validation", "test")] == [34, 6, 10]
    assert any("15 % of train" in note for note in source.info.notes)


@pytest.mark.parametrize(
    ("names", "line"),
    [
        (("train", "val", "test"), '"splits": {"train": "train", "validation": "val", "test": "test"}'),
        (("train", "valid"), '"splits": {"train": "train", "validation": "valid"}'),
        (("Training", "Testing"), '"splits": {"train": "Training", "test": "Testing"}'),
    ],
)
def test_other_words_for_splits_give_the_line_to_write(
    tmp_path: Path, open_folder: Open, names: tuple[str, ...], line: str
) -> None:
    for seed, name in enumerate(names):
        class_folders(tmp_path / "pets" / name, 8, seed=seed * 100)
    with pytest.raises(DataError) as caught:
        open_folder(tmp_path / "pets")
    assert line in str(caught.value)


def test_a_class_may_be_called_train(tmp_path: Path, open_folder: Open) -> None:
    assert open_folder(class_folders(tmp_path / "v", 5, ("bus", "train"))).info.classes == ("bus", "train")


def test_the_folder_of_the_classes_is_named_however_deep_it_is(tmp_path: Path, open_folder: Open) -> None:
    class_folders(tmp_path / "d" / "archive" / "photos", 4)
    with pytest.raises(
        DataError, match=r'archive/photos, which holds cat, dog.\nIf those are .*"path": ".*archive/photos"'
    ):
        open_folder(tmp_path / "d")
