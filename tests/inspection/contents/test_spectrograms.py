from __future__ import annotations

import numpy as np
import pytest

from kerastune_ft.inspection.contents import spectrograms
from kerastune_ft.inspection.contents.spectrograms import (
    BANDS,
    correlate,
    correlate_waves,
    draw_spectrogram,
    make_wave,
)

RATE = 8000


def _sing(seed: int, seconds: float = 1.0) -> np.ndarray:
    """A melody: tones that begin and end, with overtones."""
    random = np.random.default_rng(seed)
    times = np.arange(int(seconds * RATE)) / RATE
    sound = np.zeros(len(times))
    for _ in range(9):
        begin, pitch = random.uniform(0, seconds * 0.9), random.uniform(150, 1500)
        envelope = np.exp(-np.maximum(times - begin, 0) * 12) * (times >= begin)
        sound += envelope * (np.sin(2 * np.pi * pitch * times) + 0.5 * np.sin(4 * np.pi * pitch * times))
    faded: np.ndarray = 0.3 * sound / np.abs(sound).max()
    return faded


def _draw(samples: np.ndarray) -> np.ndarray:
    return draw_spectrogram(samples, RATE, 0.01)


@pytest.mark.parametrize("change", ["same", "quieter", "later", "cut", "noisy", "coarse"])
def test_copies_are_alike(change: str) -> None:
    sound = _sing(0)
    noise = np.random.default_rng(5).normal(size=len(sound)) * 2e-3
    changed = {
        "same": sound,
        "quieter": 0.2 * sound,
        "later": np.concatenate([np.zeros(1500), sound]),
        "cut": sound[900:-700],
        "noisy": sound + noise,
        "coarse": np.round(sound * 127) / 127,
    }[change]
    assert correlate(_draw(sound), _draw(changed)) > 0.75
    assert correlate(_draw(changed), _draw(sound)) > 0.75


def test_other_sounds_are_not() -> None:
    drawn = [_draw(_sing(seed)) for seed in range(5)]
    assert max(correlate(drawn[0], other) for other in drawn[1:]) < 0.6


def test_the_correlation_is_that_of_the_best_shift() -> None:
    random = np.random.default_rng(0)
    long = random.normal(size=(BANDS, 50)).astype(np.float32)
    short = long[:, 13:43]
    assert correlate(long, short) == pytest.approx(1.0, abs=1e-5)
    by_hand = max(
        float((long[:, at : at + 30] * short).sum() / np.linalg.norm(long[:, at : at + 30]) / np.linalg.norm(short))
        for at in range(21)
    )
    assert by_hand == pytest.approx(1.0, abs=1e-5)


def test_waves_tell_a_copy_from_another_recording_of_the_same() -> None:
    """The same tone, and other noise in it."""
    tone = np.sin(2 * np.pi * 300 * np.arange(8000) / RATE)
    first, other = (tone + np.random.default_rng(seed).normal(size=8000) for seed in (0, 1))
    shifted = np.concatenate([np.zeros(333), -0.2 * first[:-500]])
    waves = [make_wave(each, RATE) for each in (first, shifted, other)]
    assert correlate_waves(waves[0], waves[1]) > 0.7
    assert correlate_waves(waves[0], waves[2]) < 0.4
    assert len(make_wave(np.zeros(44100), 44100)) == 4000
    assert correlate_waves(np.zeros(10), waves[0]) == 0.0
    assert correlate_waves(waves[0], waves[0]) == pytest.approx(1.0, abs=1e-3)
    assert correlate_waves(-waves[0], waves[0]) == pytest.approx(1.0, abs=1e-3)


def test_silence_is_like_nothing_and_short_sounds_have_a_frame() -> None:
    assert not _draw(np.zeros(4000)).any()
    assert correlate(_draw(np.zeros(4000)), _draw(_sing(0))) == 0.0
    assert _draw(np.ones(3)).shape[0] == BANDS


def test_a_long_sound_is_drawn_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = _draw(_sing(3))
    monkeypatch.setattr(spectrograms, "_AT_ONCE", 7)
    np.testing.assert_allclose(_draw(_sing(3)), whole, atol=1e-3)
