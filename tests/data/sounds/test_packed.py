from __future__ import annotations

import io
import sys
from typing import Any

import numpy as np
import pytest

from kerastune_ft.data.sounds.channels import UnusableSoundError
from kerastune_ft.data.sounds.packed import MissingReaderError, packed_format, packed_kind, read_packed
from tests.support.sound_files import tone, wav

soundfile = pytest.importorskip("soundfile")

RATE = 8000
SOUND = np.stack([tone(440, 1.5), tone(660, 1.5, seed=1)], axis=1)
FORMS = {"FLAC": ("FLAC", None), "OGG": ("OGG", "VORBIS"), "OPUS": ("OGG", "OPUS"), "MP3": ("MP3", None)}


@pytest.fixture(scope="module")
def contents() -> dict[str, bytes]:
    written = {}
    for name, (form, subtype) in FORMS.items():
        buffer = io.BytesIO()
        soundfile.write(buffer, SOUND, RATE, format=form, subtype=subtype)
        written[name] = buffer.getvalue()
    return written


@pytest.mark.parametrize("name", list(FORMS))
def test_the_samples_are_those_of_soundfile(contents: dict[str, bytes], name: str) -> None:
    content = contents[name]
    values, rate = read_packed(content)
    expected, _ = soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)
    np.testing.assert_array_equal(values, expected)
    assert rate == RATE
    assert values.dtype == np.float32
    assert packed_format(content).frames == len(values)
    assert packed_kind(content) == FORMS[name][0]


def test_other_files_are_of_none_of_these_forms() -> None:
    assert [packed_kind(content) for content in (b"", b"RIFF", wav(SOUND), b"\xff\xf1\x50\x80", b"\xff")] == [None] * 5


@pytest.mark.parametrize("name", list(FORMS))
def test_a_file_cut_anywhere_is_refused(contents: dict[str, bytes], name: str) -> None:
    content = contents[name]
    for end in range(4, len(content) - 1, len(content) // 12):
        with pytest.raises(UnusableSoundError):
            read_packed(content[:end])


@pytest.mark.parametrize("name", ["FLAC", "OGG", "OPUS"])
def test_a_flipped_bit_is_found_where_the_form_has_checksums(contents: dict[str, bytes], name: str) -> None:
    draw = np.random.default_rng(0)
    for _ in range(12):
        damaged = bytearray(contents[name])
        damaged[int(draw.integers(len(damaged) // 4, len(damaged)))] ^= 1 << int(draw.integers(8))
        with pytest.raises(UnusableSoundError, match=r"damaged|cut short"):
            read_packed(bytes(damaged))


def test_a_header_that_promises_too_much_asks_for_no_memory(contents: dict[str, bytes]) -> None:
    damaged = bytearray(contents["FLAC"])
    # Of the stream's description: 36 bits of the number of samples.
    damaged[21] |= 0x0F
    damaged[22:26] = b"\xff" * 4
    with pytest.raises(UnusableSoundError):
        read_packed(bytes(damaged))


def test_without_soundfile_the_line_to_install_it_is_said(
    contents: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    missing: dict[str, Any] = {"soundfile": None}
    monkeypatch.setitem(sys.modules, "soundfile", missing["soundfile"])
    with pytest.raises(MissingReaderError, match=r"is a file of FLAC, which soundfile reads: python -m pip install"):
        read_packed(contents["FLAC"])
