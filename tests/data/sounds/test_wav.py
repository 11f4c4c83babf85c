from __future__ import annotations

import struct

import numpy as np
import pytest

from kerastune_ft.data.sounds.channels import UnusableSoundError
from kerastune_ft.data.sounds.wav import read_wav, wav_format
from tests.support.sound_files import tone, wav

SOUND = tone(440, 0.05)


@pytest.mark.parametrize(
    ("bits", "is_float", "tolerance"),
    [(8, False, 1 / 100), (16, False, 1e-4), (24, False, 1e-6), (32, False, 1e-6), (32, True, 1e-7), (64, True, 1e-7)],
)
@pytest.mark.parametrize("extensible", [False, True])
def test_every_form_gives_the_same_sound(bits: int, is_float: bool, tolerance: float, extensible: bool) -> None:
    content = wav(SOUND, 22050, bits, is_float, extensible)
    found, rate = read_wav(content)
    found = found[:, 0]
    assert rate == 22050
    assert found.dtype == np.float32
    assert wav_format(content).seconds == pytest.approx(len(SOUND) / 22050)
    np.testing.assert_allclose(found, SOUND, atol=tolerance)


def test_full_scale_of_whole_numbers_is_one() -> None:
    lowest = struct.pack("<hh", -32768, 16384)
    content = wav(np.zeros(2))
    found, _ = read_wav(content[:-4] + lowest)
    assert found.ravel().tolist() == [-1.0, 0.5]


def test_a_length_that_its_writer_did_not_know_is_to_the_end() -> None:
    content = wav(SOUND)
    at = content.index(b"data") + 4
    assert len(read_wav(content[:at] + b"\xff\xff\xff\xff" + content[at + 4 :])[0]) == len(SOUND)


def damage(name: str) -> bytes:
    content = wav(SOUND)
    about = content.index(b"fmt ") + 8
    return {
        "empty": b"",
        "text": b"no sound at all",
        "m4a": b"\0\0\0\x20ftypM4A " + b"\0" * 60,
        "short": content[:-20],
        "no samples": content[: content.index(b"data")],
        "nothing described": content[:12] + content[content.index(b"data") :],
        "compressed": content[:about] + struct.pack("<H", 17) + content[about + 2 :],
        "bits": content[: about + 14] + struct.pack("<H", 12) + content[about + 16 :],
        "channels": content[: about + 2] + struct.pack("<H", 0) + content[about + 4 :],
        "rate": content[: about + 4] + struct.pack("<I", 7) + content[about + 8 :],
        "none": wav(np.zeros(0)),
    }[name]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("empty", "is empty"),
        ("text", "is no sound that can be read"),
        ("m4a", "is an M4A or MP4 file, which is not read; convert it to WAV or FLAC"),
        ("short", "is cut short: 780 of 800 bytes of its samples are there"),
        ("no samples", "is damaged: it has no samples"),
        ("nothing described", "is damaged: its samples come before what describes them"),
        ("compressed", "is compressed (IMA ADPCM); convert it to PCM of 16 bits"),
        ("bits", "has samples of 12 bits; convert it to PCM of 16 bits"),
        ("channels", "is damaged: it says that it has 0 channels"),
        ("rate", "is damaged: it says that it has 7 samples a second"),
        ("none", "has no samples"),
    ],
)
def test_what_cannot_be_used_says_why(name: str, said: str) -> None:
    with pytest.raises(UnusableSoundError) as error:
        read_wav(damage(name))
    assert str(error.value) == said


def test_a_file_cut_anywhere_is_refused_in_words() -> None:
    content = wav(SOUND)
    for end in range(0, len(content), 7):
        with pytest.raises(UnusableSoundError):
            read_wav(content[:end])
