"""A full cache directory ends every command with exit code 6 and the place, whatever was to be kept there."""

from __future__ import annotations

import builtins
import errno
import io
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from kerastune_ft.config.options.data import ArraysData, FolderData, TableData, TfdsData
from kerastune_ft.config.options.tasks import AudioClassification, ImageClassification
from kerastune_ft.data.open import open_source
from kerastune_ft.errors import ResourceError
from kerastune_ft.input.texts.tokenise import load_or_tokenise
from tests.support.image_files import class_folders, encode_image, pixels, write

IMAGES, SOUNDS = ImageClassification(kind="image_classification"), AudioClassification(kind="audio_classification")


class FullFile(io.FileIO):
    """A file on a disk without room."""

    def write(self, content: Any) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache directory in which no file can be written."""
    folder, real = tmp_path / "cache", io.open

    def open_file(file: Any, mode: str = "r", *arguments: Any, **options: Any) -> Any:
        inside = isinstance(file, str | Path) and Path(file).is_relative_to(folder)
        # Locks are made by other calls, and take no room.
        return FullFile(file, "w") if inside and "w" in mode else real(file, mode, *arguments, **options)

    monkeypatch.setattr(io, "open", open_file)
    monkeypatch.setattr(builtins, "open", open_file)
    return folder


def make_npz(folder: Path) -> Any:
    np.savez(folder / "a.npz", x=np.zeros((9, 8, 8, 3), np.uint8), y=np.array(list("abcabcabc")))
    return ArraysData(path=str(folder / "a.npz"))


def make_archive(folder: Path) -> Any:
    shutil.make_archive(str(folder / "a"), "zip", class_folders(folder / "pets", 4))
    return FolderData(path=str(folder / "a.zip"))


def make_deep_images(folder: Path) -> Any:
    class_folders(folder / "pets", 4)
    deep = Image.fromarray(np.arange(192, dtype=np.uint16).reshape(12, 16) * 20)
    write(folder / "pets" / "cat" / "deep.png", encode_image(deep))
    return FolderData(path=str(folder / "pets"), intensity=(0.0, 4095.0))


def make_table(folder: Path) -> Any:
    rows = [f"{number}.bmp,{'ab'[number % 2]}" for number in range(8)]
    for number in range(8):
        # A palette of a BMP, which TensorFlow does not decode.
        picture = Image.fromarray(pixels(number)).quantize(8)
        write(folder / f"{number}.bmp", encode_image(picture, "BMP"))
    (folder / "a.csv").write_text("\n".join(["file,label", *rows]))
    return TableData(path=str(folder / "a.csv"), input="file", label="label")


@pytest.mark.parametrize(
    ("make", "task"),
    [
        (make_npz, IMAGES),
        (make_archive, IMAGES),
        (make_deep_images, IMAGES),
        (make_table, IMAGES),
        (lambda folder: TfdsData(name="digits"), IMAGES),
        (lambda folder: TfdsData(name="chirps"), SOUNDS),
    ],
    ids=["arrays", "archive", "mapped images", "rewritten images", "embedded images", "embedded sounds"],
)
def test_data_that_needs_room_in_the_cache_says_where_there_is_none(
    make: Any, task: Any, tmp_path: Path, cache: Path
) -> None:
    data = make(tmp_path)
    with pytest.raises(
        ResourceError, match=rf"no space left for {cache}/.* in the cache: free some, or name"
    ) as caught:
        open_source(data, task, cache, print)
    assert caught.value.exit_code == 6
    kept = [path for path in cache.rglob("*") if path.is_file() and path.suffix != ".lock"]
    assert kept == []


def test_tokens_say_it_too(cache: Path) -> None:
    class Letters:
        """A tokenizer of letters."""

        def get_config(self) -> dict[str, Any]:
            return {}

        def __call__(self, texts: list[str]) -> list[list[int]]:
            return [[ord(letter) for letter in text] for text in texts]

    with pytest.raises(ResourceError, match=rf"no space left for {cache}/tokens/.* in the cache"):
        load_or_tokenise(Letters(), ["a", "bc"], cache, print, "writing tokens")
