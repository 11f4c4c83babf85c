"""Data sets as they are shared, whose folders of splits bear other names than train, validation and test."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastune_ft.config.options.data import FolderData, Named
from kerastune_ft.config.options.tasks import (
    AudioClassification,
    ImageClassification,
    ImageSegmentation,
    TextClassification,
)
from kerastune_ft.data.open import open_source
from kerastune_ft.data.source import DataSource
from kerastune_ft.errors import DataError
from tests.support.image_files import encode_image, pixels, write
from tests.support.sound_files import tone, wav

SPLITS = {"train": "seg_train/seg_train", "test": "seg_test/seg_test"}
LINE = '"splits": {"train": "seg_train/seg_train", "test": "seg_test/seg_test"}'


def image(seed: int) -> bytes:
    return encode_image(pixels(seed))


def sound(seed: int) -> bytes:
    return wav(tone(300 + 10 * seed, 0.1, seed=seed))


def text(seed: int) -> bytes:
    return f"text number {seed}".encode()


def write_splits(root: Path, content: Callable[[int], bytes], suffix: str) -> Path:
    for number, place in enumerate(SPLITS.values()):
        for label, name in enumerate(("forest", "sea")):
            for index in range(6):
                write(root / place / name / f"{index}{suffix}", content(100 * number + 10 * label + index))
    return root


def opened(path: Path, task: Any, **options: Any) -> DataSource:
    return open_source(FolderData(path=str(path), **options), task, path.parent / "cache", lambda _: None)


@pytest.mark.parametrize(
    ("task", "content", "suffix"),
    [
        (ImageClassification(), image, ".png"),
        (AudioClassification(), sound, ".wav"),
        (TextClassification(), text, ".txt"),
    ],
)
@pytest.mark.parametrize("packed", ["", "zip", "gztar"])
def test_splits_of_any_files_are_asked_about(
    tmp_path: Path, task: Any, content: Callable[[int], bytes], suffix: str, packed: str
) -> None:
    path = write_splits(tmp_path / "data" / "intel", content, suffix).parent / "intel"
    if packed:
        path = Path(shutil.make_archive(str(tmp_path / "packed"), packed, tmp_path / "data"))
    with pytest.raises(DataError, match=LINE):
        opened(path, task)
    source = opened(path, task, splits=Named(**SPLITS))
    assert (source.info.classes, source.info.sizes["test"]) == (("forest", "sea"), 12)


@pytest.mark.parametrize(
    ("folders", "splits"),
    [
        (("seg_train/seg_train/{}", "seg_test/seg_test/{}"), SPLITS),
        (("{}/training_set", "{}/test_set"), {"train": "training_set", "test": "test_set"}),
        (("train_data/{}", "val_data/{}"), {"train": "train_data", "validation": "val_data"}),
    ],
)
def test_splits_of_images_with_masks_are_asked_about(
    tmp_path: Path, folders: tuple[str, ...], splits: dict[str, str]
) -> None:
    root = tmp_path / "cells"
    for number, folder in enumerate(folders):
        for index in range(8):
            seed = 100 * number + index
            mask = np.random.default_rng(seed).integers(0, 2, (12, 16)).astype(np.uint8)
            write(root / folder.format("images") / f"{index}.png", image(seed))
            write(root / folder.format("masks") / f"{index}.png", encode_image(mask))
    task = ImageSegmentation(kind="image_segmentation")
    with pytest.raises(DataError) as caught:
        opened(root, task)
    assert '"splits": {"train": "' + splits["train"] in str(caught.value)
    found = opened(root, task, splits=Named(**splits))
    assert sum(found.info.sizes.values()) == 16


def test_masks_in_a_split_that_holds_a_folder_of_its_name(tmp_path: Path) -> None:
    for number, split in enumerate(("train", "test")):
        for index in range(6):
            place = tmp_path / "cells" / split / split
            write(place / "images" / f"{index}.png", image(50 * number + index))
            write(place / "masks" / f"{index}.png", encode_image((pixels(index)[..., 0] > 99).astype(np.uint8)))
    assert opened(tmp_path / "cells", ImageSegmentation(kind="image_segmentation")).info.sizes["test"] == 6
