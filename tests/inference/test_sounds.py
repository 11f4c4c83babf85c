"""Sounds in .npz files and WAV files that are to be predicted on: their rates and levels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kerastune_ft.data.files.find import SOUNDS
from kerastune_ft.inference.inputs import list_inputs
from kerastune_ft.inference.items import Item
from kerastune_ft.inference.read_options import ReadOptions
from kerastune_ft.inference.sounds import SoundReader
from kerastune_ft.input.sounds.resample import Clip
from tests.support.sound_files import tone, wav


def _of(tmp_path: Path, **arrays: object) -> tuple[list[Item], tuple[str, ...]]:
    np.savez(tmp_path / "s.npz", **arrays)  # type: ignore[arg-type]
    how = ReadOptions(None, None, None, SOUNDS, tmp_path / "cache", lambda line: None, 22050)
    (listing,) = list_inputs([str(tmp_path / "s.npz")], how)
    return list(listing.items), listing.notes


@pytest.mark.parametrize("name", ["x", "clips"])
def test_the_rate_that_a_file_says_is_its_sounds(tmp_path: Path, name: str) -> None:
    items, notes = _of(tmp_path, **{name: np.zeros((2, 100), np.float32)}, sample_rate=8000)
    assert ([item.rate for item in items], notes) == ([8000, 8000], ())
    picture = SoundReader(Clip(16000, 400)).read(Item("a", values=np.ones(100, np.float32) / 2, rate=8000))
    assert picture.values is not None
    assert np.abs(picture.values[150]) > 0.4, "twice as long at twice the rate"


def test_of_a_file_that_says_none_the_rate_taken_is_told_with_how_to_say_another(tmp_path: Path) -> None:
    items, (note,) = _of(tmp_path, x=np.zeros((2, 100), np.float32))
    assert [item.rate for item in items] == [22050, 22050]
    assert "s.npz does not say how many samples make a second; they are taken to be 22050 (the model's rate)" in note
    assert "sample_rate=8000" in note


def test_floats_in_the_range_of_whole_numbers_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "loud.wav"
    path.write_bytes(wav(32000 * tone(500, 0.1), is_float=True, bits=32))
    reader = SoundReader(Clip(8000, 400))
    for item in (Item("loud", path=str(path)), Item("array", values=32000 * tone(500, 0.1))):
        picture = reader.read(item)
        assert picture.problem is not None
        assert "float samples are -1 to 1" in picture.problem
    assert reader.read(Item("whole", values=np.array([32000, -32000], np.int16))).problem is None
