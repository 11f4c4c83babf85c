from __future__ import annotations

import io

import numpy as np
import pytest

from kerastune_ft.data.sounds.channels import UnusableSoundError
from kerastune_ft.data.sounds.decode import decode_sound, sound_format
from kerastune_ft.rules import FIRST
from tests.support.sound_files import tone, wav

SOUND = tone(440, 0.2)


def test_a_form_is_told_by_its_content() -> None:
    soundfile = pytest.importorskip("soundfile")
    buffer = io.BytesIO()
    soundfile.write(buffer, SOUND, 8000, format="FLAC")
    found, plain = decode_sound(buffer.getvalue()), decode_sound(wav(SOUND))
    # Both are of 16 bits; soundfile rounds down where the test's own writer rounds to the nearest.
    np.testing.assert_allclose(found.values, plain.values, atol=2 / 32768)
    assert found.rate == plain.rate == 8000
    assert sound_format(buffer.getvalue()).seconds == sound_format(wav(SOUND)).seconds == 0.2


def test_channels_that_cancel_give_the_loudest() -> None:
    content = wav(np.stack([SOUND, -SOUND], axis=1), bits=32, is_float=True)
    assert decode_sound(content).cancels
    np.testing.assert_array_equal(decode_sound(content).values, SOUND.astype(np.float32))
    assert not decode_sound(content, FIRST).values.any()


def test_floats_beyond_one_and_damage_are_refused() -> None:
    with pytest.raises(UnusableSoundError, match="has samples up to 2"):
        decode_sound(wav(np.array([0.0, 2.0]), bits=32, is_float=True))
    for content in (b"", b"fLaC", b"OggS", b"ID3\x04", b"\xff\xfb\x90", b"text"):
        with pytest.raises(UnusableSoundError):
            decode_sound(content)
