from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastune_ft.config.options.data import FolderData
from kerastune_ft.config.options.tasks import AudioClassification
from kerastune_ft.data.open import open_source
from kerastune_ft.data.sounds.check import SoundCheck
from kerastune_ft.data.source import DataSource
from kerastune_ft.errors import DataError
from tests.support.sound_files import tone, wav, write_folder

Open = Callable[[Any], DataSource]


@pytest.fixture
def opened(tmp_path: Path) -> Open:
    def open_it(options: Any, **task: Any) -> DataSource:
        return open_source(options, AudioClassification(**task), tmp_path / "cache", lambda line: None)

    return open_it


def test_broken_files_are_named_or_left_out(tmp_path: Path, opened: Open) -> None:
    root = write_folder(tmp_path / "data")
    (root / "low" / "03.wav").write_bytes(b"")
    (root / "low" / "04.wav").write_bytes(wav(tone(500, 0.1))[:-10])
    with pytest.raises(DataError) as error:
        opened(FolderData(path=str(root)))
    said = str(error.value)
    assert "2 of 24 sound files" in said
    assert "low/03.wav  is empty" in said
    assert "low/04.wav  is cut short" in said
    source = opened(FolderData(path=str(root), on_bad_file="skip"))
    assert source.info.examples == 22
    assert [file.path for file in source.info.skipped] == ["low/03.wav", "low/04.wav"]


def test_other_forms_are_refused_with_the_way_to_convert_them(tmp_path: Path, opened: Open) -> None:
    root = write_folder(tmp_path / "data")
    (root / "low" / "99.m4a").write_bytes(b"\0\0\0\x20ftypM4A " + b"\0" * 50)
    with pytest.raises(
        DataError, match=r"1 sound file of another form in it; WAV, FLAC, OGG and MP3 are read.\n.*ffmpeg"
    ):
        opened(FolderData(path=str(root)))
    source = opened(FolderData(path=str(root), on_bad_file="skip"))
    assert source.info.skipped[0].to_json() == {
        "path": "low/99.m4a",
        "reason": "is an M4A or MP4 file, which is not read; convert it to WAV or FLAC",
    }


def test_pictures_are_no_sounds(tmp_path: Path, opened: Open) -> None:
    for name in ("a", "b"):
        (tmp_path / "data" / name).mkdir(parents=True)
        (tmp_path / "data" / name / "1.png").write_bytes(b"x")
    with pytest.raises(
        DataError, match=r"has no sound \(WAV, FLAC, OGG or MP3\) in it; ignored files that are no sounds"
    ):
        opened(FolderData(path=str(tmp_path / "data")))


def test_floats_of_another_range_are_bad_files_and_silence_is_told(tmp_path: Path, opened: Open) -> None:
    root = write_folder(tmp_path / "data")
    (root / "low" / "03.wav").write_bytes(wav(np.zeros(800)))
    source = opened(FolderData(path=str(root)))
    assert "1 sound is silent, every sample 0, as low/03.wav" in source.info.notes
    (root / "low" / "04.wav").write_bytes(wav(30000 * tone(500, 0.1), is_float=True, bits=32))
    with pytest.raises(DataError, match=r"low/04.wav  has samples up to .*; float samples are -1 to 1"):
        opened(FolderData(path=str(root)))


def test_what_an_earlier_version_remembered_of_a_file_is_looked_at_again(tmp_path: Path) -> None:
    check = SoundCheck(tmp_path, tmp_path / "cache", lambda line: None)
    assert not check._is_complete({"sha256": "0" * 64, "frames": 800, "rate": 8000, "is_silent": False})
