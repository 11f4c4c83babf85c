"""Where long recordings are divided."""

from __future__ import annotations

import numpy as np
import pytest

from kerastune_ft.inference.speech.pieces import divide
from kerastune_ft.input.sounds.resample import Clip

RATE, CLIP = 8000, Clip(16_000, 16_000)


def noise(seconds: float) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.3, round(seconds * RATE)).astype(np.float32)


@pytest.mark.parametrize("seconds", [0.001, 0.5, 1.0])
def test_what_fits_is_one_piece(seconds: float) -> None:
    samples = noise(seconds)
    assert divide(samples, RATE, CLIP) == [(0, len(samples))]


@pytest.mark.parametrize("seconds", [1.0002, 1.3, 1.99, 2.0, 2.4, 7.77, 60.0])
def test_pieces_cover_everything_once_and_none_is_too_long_or_a_crumb(seconds: float) -> None:
    samples = noise(seconds)
    found = divide(samples, RATE, CLIP)
    assert [end for _, end in found[:-1]] == [start for start, _ in found[1:]]
    assert (found[0][0], found[-1][1]) == (0, len(samples))
    lengths = [end - start for start, end in found]
    assert max(lengths) <= RATE and min(lengths) >= 0.3 * RATE
    assert len(found) <= np.ceil(seconds / 0.6)


def test_pieces_end_in_pauses() -> None:
    samples = noise(2.2)
    pauses = [0.75, 1.5]
    for pause in pauses:
        samples[round(pause * RATE) - 900 : round(pause * RATE) + 900] *= 0.01
    found = divide(samples, RATE, CLIP)
    assert [end / RATE for _, end in found[:-1]] == pytest.approx(pauses, abs=0.03)


def test_clips_of_a_few_samples() -> None:
    samples = noise(0.01)
    found = divide(samples, RATE, Clip(RATE, 7))
    assert max(end - start for start, end in found) <= 7 and sum(end - start for start, end in found) == len(samples)
