from __future__ import annotations

from pathlib import Path

import pytest

from kerastune_ft.config.options.data import FolderData, Named
from kerastune_ft.data.dialogues.turns import Turn
from kerastune_ft.errors import DataError
from tests.support.dialogue_files import open_texts


def write_texts(folder: Path, count: int, word: str) -> None:
    folder.mkdir(parents=True)
    for number in range(count):
        (folder / f"{number}.txt").write_text(f"{word} {number}\n")


def test_all_files_of_a_folder_are_texts(tmp_path: Path) -> None:
    write_texts(tmp_path / "d" / "letters" / "1890", 6, "letter")
    write_texts(tmp_path / "d" / "notes", 6, "note")
    source = open_texts(FolderData(path=str(tmp_path / "d")), tmp_path / "cache")
    assert source.info.examples == 12
    assert source.keys[0] == "letters/1890/0.txt"
    assert source.read_dialogue(0) == (Turn("text", "letter 0"),)


def test_folders_of_splits_are_kept(tmp_path: Path) -> None:
    for split, count in (("train", 5), ("validation", 2), ("test", 3)):
        write_texts(tmp_path / "d" / split / "inner", count, split)
    options = FolderData(path=str(tmp_path / "d"))
    assert open_texts(options, tmp_path / "cache").info.sizes == {"train": 5, "validation": 2, "test": 3}
    (tmp_path / "d" / "validation").rename(tmp_path / "d" / "dev")
    with pytest.raises(DataError, match='"validation": "dev"'):
        open_texts(options, tmp_path / "cache")
    named = FolderData(path=str(tmp_path / "d"), splits=Named(train="train", validation="dev", test=None))
    assert open_texts(named, tmp_path / "cache").info.sizes == {"train": 5, "validation": 2}
    absent = FolderData(path=str(tmp_path / "d"), splits=Named(train="train", validation="val"))
    with pytest.raises(DataError, match='has no folder "val"'):
        open_texts(absent, tmp_path / "cache")


def test_a_folder_without_texts_is_refused(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a.md").write_text("x")
    with pytest.raises(DataError, match=r"has no text \(\.txt\) in it; ignored files"):
        open_texts(FolderData(path=str(tmp_path / "d")), tmp_path / "cache")
