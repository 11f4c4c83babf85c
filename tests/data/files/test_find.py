from __future__ import annotations

from pathlib import Path

import pytest

from kerastune_ft.errors import DataError
from tests.support.image_files import Open, class_folders, encode_image, pixels, write


def test_hidden_things_are_ignored_and_said(tmp_path: Path, open_folder: Open) -> None:
    root = class_folders(tmp_path / "pets")
    write(root / "__MACOSX" / "cat" / "1.png", encode_image(pixels()))
    write(root / "cat" / ".ipynb_checkpoints" / "1.png", encode_image(pixels()))
    write(root / "cat" / "._1.png", b"resource fork")
    write(root / "cat" / "notes.txt", b"text")
    source = open_folder(root)
    assert source.info.examples == 20
    said = "\n".join(source.info.notes)
    assert "__MACOSX (1)" in said
    assert ".ipynb_checkpoints (1)" in said
    assert "1 hidden file (" in said
    assert ".txt (1)" in said


def test_images_in_deeper_folders_belong_to_the_class(tmp_path: Path, open_folder: Open) -> None:
    root = class_folders(tmp_path / "pets")
    write(root / "cat" / "kitten" / "a.png", encode_image(pixels(99)))
    assert "cat/kitten/a.png" in open_folder(root).keys


def test_link_loops_end(tmp_path: Path, open_folder: Open) -> None:
    root = class_folders(tmp_path / "pets")
    (root / "cat" / "up").symlink_to(root, target_is_directory=True)
    (root / "cat" / "self").symlink_to(root / "cat" / "self")
    source = open_folder(root)
    assert source.info.examples == 20
    assert any("cat/up" in note for note in source.info.notes)


def test_linked_folders_and_files_are_followed(tmp_path: Path, open_folder: Open) -> None:
    elsewhere = class_folders(tmp_path / "elsewhere", 6, ("owl",))
    root = class_folders(tmp_path / "pets")
    (root / "owl").symlink_to(elsewhere / "owl", target_is_directory=True)
    (root / "cat" / "linked.png").symlink_to(write(tmp_path / "one.png", encode_image(pixels(77))))
    source = open_folder(root)
    assert source.info.examples == 27
    assert source.info.classes == ("cat", "dog", "owl")


def test_absent_path_names_the_nearest(tmp_path: Path, open_folder: Open) -> None:
    class_folders(tmp_path / "photos")
    with pytest.raises(DataError, match=r'photo is not there; did you mean ".*photos"'):
        open_folder(tmp_path / "photo")
