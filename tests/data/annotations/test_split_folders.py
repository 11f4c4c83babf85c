from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from kerastune_ft.config.options.data import FolderData, Fractions, Named
from kerastune_ft.config.options.tasks import ImageClassification
from kerastune_ft.data.annotations.split_folders import enter_split, find_split_folders
from kerastune_ft.data.files.find import IMAGES
from kerastune_ft.data.open import open_source
from kerastune_ft.errors import DataError
from kerastune_ft.rules import FIRST
from tests.support.image_files import Open, class_folders, encode_image, pixels, write

ANEW = Fractions(train=0.5, validation=0.25, test=0.25)


def split_folders(root: Path, *names: str, count: int = 8) -> Path:
    for seed, name in enumerate(names):
        class_folders(root / name, count, ("forest", "sea"), seed=10_000 * seed)
    return root


def flat_folders(root: Path, *names: str, count: int = 4) -> Path:
    return class_folders(root, count, names, seed=90_000)


def question(opened: Callable[[], object]) -> str:
    with pytest.raises(DataError) as caught:
        opened()
    return str(caught.value)


def option(message: str, name: str) -> object:
    """What the message says to write of an option."""
    found = re.search(rf'"{name}": (.*)$', message, re.MULTILINE)
    assert found is not None, message
    return json.loads(found[1])


@pytest.mark.parametrize(
    "places",
    [
        ("training_set/training_set", "test_set/test_set"),
        ("seg_train/seg_train", "seg_test/seg_test"),
        ("training_set", "test_set"),
        ("train_images", "val_images"),
        ("Training", "Testing"),
        ("trn", "tst"),
        ("pets_train", "pets_dev", "pets_holdout"),
        ("imagesTr", "imagesTs"),
        ("TRAIN/Train", "VAL"),
    ],
)
def test_folders_that_look_like_splits_are_asked_about_and_the_lines_work(
    tmp_path: Path, open_folder: Open, places: tuple[str, ...]
) -> None:
    root = split_folders(tmp_path / "d", *places)
    message = question(lambda: open_folder(root))
    splits = option(message, "splits")
    assert list(dict(splits).values()) == list(places)
    source = open_folder(root, splits=Named(**splits))
    assert source.info.classes == ("forest", "sea")
    assert source.info.examples == 16 * len(places)
    classes = option(message, "classes")
    assert open_folder(root, classes).info.classes == tuple(sorted(place.split("/")[0] for place in places))


def test_shares_pool_folders_that_look_like_splits(tmp_path: Path, open_folder: Open) -> None:
    root = split_folders(tmp_path / "d", "seg_train/seg_train", "seg_test/seg_test")
    source = open_folder(root, splits=ANEW)
    assert (source.info.classes, source.info.examples) == (("forest", "sea"), 32)
    assert any("seg_test/seg_test, seg_train/seg_train are pooled" in note for note in source.info.notes)


def test_a_split_whose_one_folder_bears_its_name_is_that_folder(tmp_path: Path, open_folder: Open) -> None:
    root = split_folders(tmp_path / "d", "train/train", "test/test")
    source = open_folder(root)
    assert (source.info.classes, source.info.sizes) == (("forest", "sea"), {"train": 14, "validation": 2, "test": 16})
    assert open_folder(root, splits=Named(train="train", test="test")).info.sizes == source.info.sizes
    (root / "loop").mkdir()
    (root / "loop" / "loop").symlink_to(root / "loop")
    assert enter_split(root, "loop", IMAGES) == "loop/loop"
    assert [folder.place for folder in find_split_folders(root, ["train", "loop"], IMAGES)] == ["train/train"]


def test_files_without_labels_are_named_and_no_split(tmp_path: Path, open_folder: Open) -> None:
    root = split_folders(tmp_path / "d", "seg_train", "seg_test")
    flat_folders(root, "seg_pred")
    message = question(lambda: open_folder(root))
    assert option(message, "splits") == {"train": "seg_train", "test": "seg_test"}
    assert "seg_pred has no class folders and is for predict" in message
    named = open_folder(root, splits=Named(train="seg_train", test="seg_test"))
    assert "ignored the folders beside the split folders: seg_pred" in named.info.notes


@pytest.mark.parametrize("splits", [None, ANEW])
@pytest.mark.parametrize("sorted_too", [False, True])
def test_a_class_called_train_may_hold_folders(
    tmp_path: Path, open_folder: Open, splits: Fractions | None, sorted_too: bool
) -> None:
    class_folders(tmp_path / "d" / "train", 6, ("2019", "2020"))
    (split_folders if sorted_too else flat_folders)(tmp_path / "d", "bus", "car", count=6)
    message = question(lambda: open_folder(tmp_path / "d", splits=splits))
    assert "has the folder train, which looks like a split, beside" in message
    classes = option(message, "classes")
    assert set(classes) >= {"bus", "car", "train"}
    source = open_folder(tmp_path / "d", classes, splits=splits)
    assert source.info.classes == tuple(classes)
    assert {name: sum(counts[name] for counts in source.info.counts.values()) for name in ("train",)} == {"train": 12}
    if splits is None:
        named = open_folder(tmp_path / "d", splits=Named(**option(message, "splits")))
        assert named.info.classes == ("2019", "2020")


def test_a_class_called_train_in_split_folders_needs_no_question(tmp_path: Path, open_folder: Open) -> None:
    for seed, split in enumerate(("train", "test")):
        class_folders(tmp_path / "d" / split, 8, ("bus", "train"), seed=5000 * seed)
    source = open_folder(tmp_path / "d", ("bus", "train"))
    assert (source.info.classes, source.info.sizes["test"]) == (("bus", "train"), 16)


@pytest.mark.parametrize(
    ("names", "asked"),
    [
        (("train", "test"), "test"),
        (("train", "test1"), "test1"),
        (("cat", "dog", "test"), "test"),
        (("cat", "dog", "seg_pred"), "seg_pred"),
        (("cat", "dog", "val_images"), "val_images"),
    ],
)
def test_folders_like_splits_that_hold_files_alone_are_asked_about(
    tmp_path: Path, open_folder: Open, names: tuple[str, ...], asked: str
) -> None:
    root = flat_folders(tmp_path / "d", *names)
    message = question(lambda: open_folder(root))
    assert f"{asked}/cat/1.jpg" in message
    assert "without class folders" in message
    assert open_folder(root, option(message, "classes")).info.classes == tuple(sorted(names))


@pytest.mark.parametrize("names", [("valid", "invalid"), ("Training", "Running"), ("contest", "trained")])
def test_ordinary_words_are_classes(tmp_path: Path, open_folder: Open, names: tuple[str, ...]) -> None:
    assert open_folder(flat_folders(tmp_path / "d", *names)).info.classes == tuple(sorted(names))


def test_a_test_folder_beside_classes_is_asked_about(tmp_path: Path, open_folder: Open) -> None:
    root = split_folders(tmp_path / "d", "test")
    flat_folders(root, "forest", "sea")
    message = question(lambda: open_folder(root))
    assert "beside forest, sea" in message
    assert "give the others a folder train, as train/forest" in message
    assert "splits" not in message.replace("a split", "").replace("splits,", "")


def test_files_beside_the_class_folders_of_a_split_hide_nothing(tmp_path: Path, open_folder: Open) -> None:
    root = split_folders(tmp_path / "d", "train", "test")
    write(root / "train" / "cover.png", encode_image(pixels(77)))
    message = question(lambda: open_folder(root))
    source = open_folder(root, splits=Named(**option(message, "splits")))
    assert source.info.sizes["test"] == 16
    assert "ignored the images directly in train, beside the class folders" in source.info.notes


def test_other_data_of_a_finished_run_is_pooled_or_asked_about(tmp_path: Path) -> None:
    def opened(root: Path) -> dict[str, int]:
        task = ImageClassification(classes=("forest", "sea"))
        options = FolderData(path=str(root))
        return dict(open_source(options, task, tmp_path / "c", lambda _: None, unsplit=True, key="--data").info.sizes)

    assert opened(split_folders(tmp_path / "both", "seg_train/seg_train", "seg_test")) == {"test": 32}
    assert opened(split_folders(tmp_path / "one", "test_set")) == {"test": 16}
    flat_folders(split_folders(tmp_path / "mixed", "test"), "forest", "sea")
    message = question(lambda: opened(tmp_path / "mixed"))
    assert "Give the folder that holds the class folders" in message
    assert "write in" not in message


def test_runs_of_the_first_rules_keep_their_classes(tmp_path: Path) -> None:
    root = split_folders(tmp_path / "d", "training_set", "test_set")
    options, task = FolderData(path=str(root)), ImageClassification()
    source = open_source(options, task, tmp_path / "cache", lambda _: None, rules=FIRST)
    assert source.info.classes == ("test_set", "training_set")
