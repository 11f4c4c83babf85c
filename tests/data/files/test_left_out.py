from __future__ import annotations

from pathlib import Path

import pytest

from kerastune_ft.config.options.data import FolderData
from kerastune_ft.config.options.tasks import ImageClassification, ImageSegmentation
from kerastune_ft.data.files.find import Walk
from kerastune_ft.data.open import open_source
from kerastune_ft.rules import FIRST
from tests.support.image_files import class_folders, encode_image, pixels, write

NAMES = ("@eaDir", "#recycle", "_thumb", ".@__thumb", ".thumbnails", ".AppleDouble", "$RECYCLE.BIN", "Thumbs")


def opened(root: Path, task: object = ImageClassification()) -> tuple[list[str], tuple[str, ...]]:
    source = open_source(FolderData(path=str(root)), task, root.parent / "cache", lambda _: None)
    return sorted(source.keys), source.info.notes


@pytest.mark.parametrize("name", NAMES)
def test_thumbnails_are_left_out_and_said(tmp_path: Path, name: str) -> None:
    root = class_folders(tmp_path / "pets", 6)
    clean, _ = opened(root)
    for place in (f"cat/{name}", f"dog/{name}/0.png", f"{name}/cat"):
        write(root / place / "SYNOPHOTO_THUMB_M.png", encode_image(pixels(9)))
    keys, notes = opened(root)
    assert keys == clean
    assert any(note.startswith("ignored folders: ") and f"{name} (3)" in note for note in notes)
    assert len(Walk(root).files(root)) == 12
    if name[0] != ".":
        assert len(Walk(root, rules=FIRST).files(root)) == 15


def test_a_class_may_be_called_thumbs(tmp_path: Path) -> None:
    root = class_folders(tmp_path / "gestures", 6, ("fist", "thumbs"))
    assert len(opened(root)[0]) == 12


def test_thumbnails_of_images_with_masks_are_left_out(tmp_path: Path) -> None:
    root = tmp_path / "cells"
    for number in range(8):
        write(root / "images" / f"{number}.png", encode_image(pixels(number)))
        write(root / "masks" / f"{number}.png", encode_image((pixels(number)[..., 0] > 99).astype("uint8")))
    clean, _ = opened(root, task=ImageSegmentation(kind="image_segmentation"))
    for folder in ("images", "masks"):
        write(root / folder / "@eaDir" / "0.png", encode_image(pixels(7)[:4, :4]))
    assert opened(root, task=ImageSegmentation(kind="image_segmentation"))[0] == clean
