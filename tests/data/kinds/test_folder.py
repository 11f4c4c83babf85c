from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.config.options.data import FolderData, Fractions, Named
from kerastune_ft.config.options.tasks import ImageClassification
from kerastune_ft.data.open import open_source
from kerastune_ft.data.splits.table import splits_table
from kerastune_ft.errors import DataError
from kerastune_ft.rules import FIRST
from tests.support.image_files import Open, class_folders, encode_image, pixels, write


def test_class_folders_become_a_source(tmp_path: Path, open_folder: Open) -> None:
    source = open_folder(class_folders(tmp_path / "pets", 20))
    assert source.info.kind == "folder"
    assert source.info.name == "pets"
    assert source.info.classes == ("cat", "dog")
    assert source.info.examples == 40
    assert source.info.counts["train"] == {"cat": 14, "dog": 14}
    assert source.labels.dtype == np.int32
    assert source.keys[0] == "cat/0.png"
    assert len(splits_table(source)[1]) == 40
    assert splits_table(source)[1][0][1:3] == ("cat", "train")


def test_elements_are_read_by_index(tmp_path: Path, open_folder: Open) -> None:
    root = class_folders(tmp_path / "pets")
    source = open_folder(root)
    read = list(tf.data.Dataset.range(20).map(source.element, num_parallel_calls=2).as_numpy_iterator())
    for index in (0, 7, 19):
        assert read[index]["image"] == (root / source.keys[index]).read_bytes()


def test_numbers_are_sorted_as_numbers(tmp_path: Path, open_folder: Open) -> None:
    assert open_folder(class_folders(tmp_path / "n", 3, ("10", "9", "100"))).info.classes == ("9", "10", "100")


def test_classes_of_the_task_fix_names_and_order(tmp_path: Path, open_folder: Open) -> None:
    root = class_folders(tmp_path / "pets", 6, ("cat", "dog", "wolf"))
    source = open_folder(root, classes={"dog": "canine", "wolf": "canine", "cat": "feline"})
    assert source.info.classes == ("canine", "feline")
    assert np.bincount(source.labels).tolist() == [12, 6]
    with pytest.raises(DataError, match=r'"wolf": wolf/0.png, wolf/1.png, wolf/2.png and 3 more') as caught:
        open_folder(root, classes=["dog", "cat"])
    assert "Listed are dog, cat" in str(caught.value)


def test_named_splits(tmp_path: Path, open_folder: Open) -> None:
    for seed, name in enumerate(("train", "val", "test")):
        class_folders(tmp_path / "pets" / name, 4, seed=seed * 100)
    source = open_folder(tmp_path / "pets", splits=Named(train="train", validation="val", test="test"))
    assert [len(indices) for indices in source.splits.values()] == [8, 8, 8]
    with pytest.raises(DataError, match=r'no folder "valu"; did you mean "val"\?\nThere are test, train, val'):
        open_folder(tmp_path / "pets", splits=Named(train="train", validation="valu", test="test"))
    with pytest.raises(DataError, match="two splits name the same folder"):
        open_folder(tmp_path / "pets", splits=Named(train="train", validation="val", test="val"))


def test_fractions_pool_the_split_folders(tmp_path: Path, open_folder: Open) -> None:
    for seed, name in enumerate(("train", "val")):
        class_folders(tmp_path / "pets" / name, 10, seed=seed * 100)
    source = open_folder(tmp_path / "pets", splits=Fractions(train=0.5, validation=0.25, test=0.25))
    assert [len(indices) for indices in source.splits.values()] == [20, 10, 10]
    assert any("pooled" in note for note in source.info.notes)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "has no sub-folders; it must have one sub-folder per class"),
        ({"a.png": 1, "b.png": 2}, "has images directly in it, but no sub-folders"),
        ({"cat/a.txt": 1, "dog/b.txt": 2}, r"has no image .*\.txt \(2\)"),
        ({"cat/a.png": 1, "dog/b.txt": 2}, "class folders of .* have no image: dog"),
        ({"cat/a.png": 1, "cat/b.png": 2}, "pets has only one class, cat"),
        ({"data/cat/a.png": 1, "data/dog/b.png": 2}, r'which holds cat, dog.\nIf those are the classes, write "path"'),
        ({"cat/a.png": 1, "dog/b.png": 2}, r"too few examples .*cat \(1\), dog \(1\)"),
    ],
)
def test_unusable_folders_say_what_is_wrong(
    tmp_path: Path, open_folder: Open, files: dict[str, int], words: str
) -> None:
    root = tmp_path / "pets"
    root.mkdir()
    for name, seed in files.items():
        write(root / name, encode_image(pixels(seed)))
    with pytest.raises(DataError, match=words):
        open_folder(root)


def test_identical_files_in_two_splits_or_classes_are_said(tmp_path: Path, open_folder: Open) -> None:
    root = tmp_path / "pets"
    for seed, name in enumerate(("train", "validation", "test")):
        class_folders(root / name, 4, seed=seed * 100)
    write(root / "test" / "dog" / "copy.png", (root / "train" / "cat" / "0.png").read_bytes())
    notes = "\n".join(open_folder(root).info.notes)
    assert "1 image is in more than one split" in notes
    assert "1 image is in more than one class" in notes


def test_a_thousand_files_are_checked(tmp_path: Path, open_folder: Open) -> None:
    content = [encode_image(pixels(seed, 64, 64), "JPEG") for seed in range(50)]
    for index in range(1000):
        write(tmp_path / "many" / f"c{index % 4}" / f"{index}.jpg", content[index % 50])
    assert open_folder(tmp_path / "many").info.examples == 1000


def test_dicom_files_are_left_out_where_bad_files_are(tmp_path: Path, open_folder: Open) -> None:
    root = class_folders(tmp_path / "pets")
    write(root / "cat" / "scan.dcm", bytes(128) + b"DICM")
    write(root / "dog" / "old.dicom", b"no preamble")
    with pytest.raises(DataError, match=r"2 of 22 image files (.|\n)*DICOM"):
        open_folder(root)
    source = open_folder(root, on_bad_file="skip")
    assert source.info.examples == 20
    assert [file.path for file in source.info.skipped] == ["cat/scan.dcm", "dog/old.dicom"]
    reasons = [file.reason for file in source.info.skipped]
    assert reasons == ["is DICOM without a picture, as a report or a plan", "is no image that can be read"]


@pytest.mark.parametrize(("name", "content"), [("a.dcm", bytes(128) + b"DICM"), ("a.png", b"nothing")])
def test_a_class_that_would_lose_all_its_files_is_an_error(
    tmp_path: Path, open_folder: Open, name: str, content: bytes
) -> None:
    root = class_folders(tmp_path / "pets")
    write(root / "owl" / name, content)
    with pytest.raises(DataError, match=r"these class folders of .* have no image that can be read: owl"):
        open_folder(root, on_bad_file="skip")


def test_an_archive_is_looked_into_by_the_rules_of_the_run(tmp_path: Path) -> None:
    class_folders(tmp_path / "packed" / "pets", 6, ("_thumb", "recycled"))
    options = FolderData(path=shutil.make_archive(str(tmp_path / "pets"), "zip", tmp_path / "packed"))
    source = open_source(options, ImageClassification(), tmp_path / "cache", lambda _: None, rules=FIRST)
    assert source.info.classes == ("_thumb", "recycled")
