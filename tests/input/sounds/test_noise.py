from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from kerastune_ft.errors import DataError
from kerastune_ft.input.sounds import noise as module
from kerastune_ft.input.sounds.noise import LostNoiseError, NoiseSounds
from tests.support.sound_files import wav

RATE = 8000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "noise"
    (made / "more").mkdir(parents=True)
    (made / "a.wav").write_bytes(wav(np.linspace(-0.5, 0.5, 100)))
    (made / "more" / "b.wav").write_bytes(wav(np.linspace(0.5, -0.5, 1000)))
    (made / "readme.txt").write_text("no sound")
    (made / ".hidden.wav").write_bytes(b"")
    return made


def test_a_span_of_one_of_them_is_taken_and_short_ones_are_repeated(folder: Path) -> None:
    noise = NoiseSounds(str(folder), RATE, "here")
    assert [path.name for path in noise.paths] == ["a.wav", "b.wav"]
    short, long = noise.take(0.49, 0.9, 250), noise.take(0.5, 0.999, 250)
    np.testing.assert_allclose(short, np.resize(np.linspace(-0.5, 0.5, 100), 250), atol=1e-4)
    np.testing.assert_allclose(long, np.linspace(0.5, -0.5, 1000)[750:], atol=1e-4)


def test_sounds_beyond_the_memory_are_read_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = NoiseSounds(str(folder), RATE, "here")
    monkeypatch.setattr(module, "_KEPT_BYTES", 500)
    read = NoiseSounds(str(folder), RATE, "here")
    expected = [kept.take(choice, 0.2, 300) for choice in (0.1, 0.9)]
    assert all(
        np.array_equal(read.take(choice, 0.2, 300), one) for choice, one in zip((0.1, 0.9), expected, strict=True)
    )
    # In the place of one that is read again is another one, which the run does not take for it.
    content = (folder / "more" / "b.wav").read_bytes()
    (folder / "more" / "b.wav").write_bytes(wav(np.linspace(-0.5, 0.5, 1000)))
    read.take(0.1, 0.2, 300)
    assert read.find_lost() == [(str(folder / "more" / "b.wav"), "is another one now")]
    with pytest.raises(LostNoiseError):
        read.take(0.9, 0.2, 300)
    (folder / "more" / "b.wav").write_bytes(content)
    assert read.find_lost() == []
    shutil.rmtree(folder)
    assert all(
        np.array_equal(kept.take(choice, 0.2, 300), one) for choice, one in zip((0.1, 0.9), expected, strict=True)
    )
    with pytest.raises(LostNoiseError):
        read.take(0.9, 0.2, 300)
    assert {reason for _, reason in read.find_lost()} == {"is not there"}


def test_the_hash_is_that_of_the_contents_in_their_order(folder: Path) -> None:
    before = NoiseSounds(str(folder), RATE, "here").hash
    (folder / "a.wav").rename(folder / "aa.wav")
    assert NoiseSounds(str(folder), RATE, "here").hash == before
    (folder / "aa.wav").rename(folder / "z.wav")
    assert NoiseSounds(str(folder), RATE, "here").hash != before


def test_what_is_no_noise_is_refused_with_its_place(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"phases\[0\]\.augment\.noise: .*nowhere is not a folder here"):
        NoiseSounds(str(tmp_path / "nowhere"), RATE, "phases[0].augment.noise")
    with pytest.raises(DataError, match="noise is read from a local folder; copy it"):
        NoiseSounds("gs://bucket/noise", RATE, "here")
    with pytest.raises(DataError, match="has no sound files"):
        (tmp_path / "empty").mkdir()
        NoiseSounds(str(tmp_path / "empty"), RATE, "here")
    (folder / "c.wav").write_bytes(wav(np.zeros(100)))
    with pytest.raises(DataError, match=r"c\.wav is silent, and silence is no noise"):
        NoiseSounds(str(folder), RATE, "here")
    (folder / "c.wav").write_bytes(b"RIFF")
    with pytest.raises(DataError, match=r"c\.wav: .*; repair it, or take it out"):
        NoiseSounds(str(folder), RATE, "here")


def test_files_of_any_rate_and_channels_are_noise_of_the_models_rate(folder: Path) -> None:
    (folder / "a.wav").write_bytes(wav(np.stack([np.full(3000, 0.5), np.full(3000, 0.1)], axis=1), rate=3 * RATE))
    noise = NoiseSounds(str(folder), RATE, "here")
    taken = noise.take(0.0, 0.0, 1000)
    assert taken.shape == (1000,)
    # The mean of both channels; where a sound begins and ends the filter of the rate rings.
    np.testing.assert_allclose(taken[50:-50], 0.3, atol=1e-3)
    assert str(noise) == "of 2 sounds"


def test_a_file_that_may_not_be_read_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(DataError, match=r"here: .*a\.wav cannot be read: Permission denied; give this user the right"):
        NoiseSounds(str(folder), RATE, "here")
