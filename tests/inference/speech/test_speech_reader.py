"""Recordings of any length as what a model takes, piece by piece."""

from __future__ import annotations

import numpy as np

from kerastune_ft.inference.items import Item
from kerastune_ft.inference.sounds import SoundReader
from kerastune_ft.inference.speech.speech_reader import DecodedSpeech, SpeechReader
from kerastune_ft.input.sounds.resample import Clip
from tests.support.sound_files import RATE, tone, wav

CLIP = Clip(16_000, 16_000)


def read(samples: np.ndarray, rate: int = RATE) -> DecodedSpeech:
    found = SpeechReader(CLIP).read(Item("a.wav", content=wav(samples, rate)))
    assert isinstance(found, DecodedSpeech)
    return found


def test_a_sound_that_fits_is_read_as_that_of_any_task() -> None:
    samples = tone(440, 0.7)
    plain = SoundReader(CLIP).read(Item("a.wav", content=wav(samples)))
    found = read(samples)
    assert np.array_equal(np.asarray(found.values), np.asarray(plain.values)[np.newaxis])
    assert (found.spans, found.seconds, found.remarks) == (((0.0, 0.7),), 0.7, ())


def test_the_pieces_of_a_long_one_are_those_of_files_cut_there() -> None:
    samples = tone(440, 2.5)
    found = read(samples)
    assert found.seconds == 2.5 and len(found.spans) == len(found.values) > 2
    assert found.remarks == ("are longer than 1 s and written down in pieces, which end where it is quietest",)
    for values, (start, end) in zip(np.asarray(found.values), found.spans, strict=True):
        alone = read(samples[round(start * RATE) : round(end * RATE)])
        assert np.array_equal(values, np.asarray(alone.values)[0])


def test_problems_are_those_of_any_sound() -> None:
    found = SpeechReader(CLIP).read(Item("a.wav", content=b"RIFF"))
    assert found.values is None and found.problem
