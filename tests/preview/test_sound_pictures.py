from __future__ import annotations

import io
import wave
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kerastune_ft.preview import sound_pictures
from kerastune_ft.preview.loaded import Loaded
from tests.support.sound_files import tone

RATE = 8000


def session(rate: int = RATE) -> Any:
    return SimpleNamespace(loader=SimpleNamespace(plan_entry=lambda: {"sound": {"sample_rate": rate}}))


def test_a_tone_is_a_line_and_its_louder_version_a_brighter_one() -> None:
    plain = np.stack([tone(1000.0, 0.4)] * 2)
    drawn = sound_pictures.draw(session(), Loaded(np.stack([plain[0], 0.1 * plain[1]])), Loaded(plain))
    assert drawn.pictures.shape[1] == 128
    assert drawn.pictures.dtype == np.uint8
    brightness = drawn.pictures.astype(int).sum(axis=3)
    rows = brightness.mean(axis=2)
    # Low tones are at the bottom: 1000 of 4000 Hz is above the middle of the mel scale's lower half.
    assert rows.argmax(axis=1).tolist() == [rows[0].argmax()] * 2
    assert 0.4 < rows[0].argmax() / 128 < 0.7
    assert rows[1].max() < 0.9 * rows[0].max(), "20 dB below the sound before its changes"
    with wave.open(io.BytesIO(drawn.sounds[0])) as file:
        assert (file.getframerate(), file.getnframes()) == (RATE, plain.shape[1])


@pytest.mark.parametrize(("seconds", "width"), [(0.1, range(150, 225)), (9.0, range(224, 225))])
def test_pictures_fit_a_sheet_and_long_sounds_are_not_played(seconds: float, width: range) -> None:
    sounds = tone(500.0, seconds)[np.newaxis]
    drawn = sound_pictures.draw(session(), Loaded(sounds), Loaded(sounds))
    assert drawn.pictures.shape[2] in width
    assert bool(drawn.sounds) == (seconds < 8)


def test_silence_is_dark() -> None:
    plain = np.stack([tone(1000.0, 0.2)])
    drawn = sound_pictures.draw(session(), Loaded(np.zeros_like(plain)), Loaded(plain))
    assert len(np.unique(drawn.pictures.reshape(-1, 3), axis=0)) == 1
    assert drawn.pictures.max() < 10
