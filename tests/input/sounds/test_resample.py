from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.input.sounds.resample import (
    Clip,
    choose_seconds,
    describe_fitting,
    fit_samples,
    fit_sound,
    make_clip,
    resample,
)


def tone(frequency: float, rate: int, seconds: float = 0.5) -> np.ndarray:
    return np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate).astype(np.float32)


@pytest.mark.parametrize(("rate", "wanted"), [(8000, 16000), (44100, 16000), (16000, 8000), (11025, 16000)])
def test_a_tone_stays_the_tone(rate: int, wanted: int) -> None:
    found = resample(tone(1000, rate), rate, wanted)
    expected = tone(1000, wanted)
    middle = slice(len(expected) // 4, len(expected) * 3 // 4)
    np.testing.assert_allclose(found[middle], expected[middle], atol=0.01)


def test_what_the_lower_rate_cannot_hold_is_gone_and_not_folded_down() -> None:
    found = resample(tone(6500, 44100), 44100, 8000)
    assert np.abs(found[200:-200]).max() < 0.01


def test_shorter_sounds_are_followed_by_silence_and_longer_ones_cut() -> None:
    sound = tone(440, 8000, 0.1)
    clip = Clip(8000, 1000)
    longer = fit_samples(sound, 8000, clip)
    assert longer.shape == (1000,)
    np.testing.assert_array_equal(longer[:800], sound)
    assert not longer[800:].any()
    np.testing.assert_array_equal(fit_samples(sound, 8000, Clip(8000, 300)), sound[:300])


def test_the_part_that_is_kept_does_not_depend_on_what_is_cut() -> None:
    sound = tone(440, 44100, 1.0)
    clip = Clip(16000, 4000)
    np.testing.assert_allclose(fit_samples(sound, 44100, clip), resample(sound, 44100, 16000)[:4000], atol=1e-6)


def test_the_graph_function_gives_the_same_bits() -> None:
    sound, clip = tone(440, 11025, 0.2), Clip(16000, 3000)
    compiled = tf.function(lambda samples, rate: fit_sound(samples, rate, clip))
    found = compiled(tf.constant(sound), tf.constant(11025))
    assert found.shape == (3000,)
    np.testing.assert_array_equal(found, fit_samples(sound, 11025, clip))


def test_the_usual_length_holds_95_of_100() -> None:
    lengths = np.linspace(0.01, 1.0, 100)
    assert choose_seconds(lengths) == pytest.approx(0.96)
    assert make_clip(0.68, 16000) == Clip(16000, 10880)
    assert make_clip(10880 / 16000, 16000) == Clip(16000, 10880)


def test_long_times_are_written_in_full() -> None:
    lengths = np.array([0.125, 0.25, 300.0])
    assert "2 of 3 sounds are shorter and followed by silence, 99.81 s in the median" in describe_fitting(
        lengths, Clip(8000, 800_000), "data.seconds"
    )


def test_notes_count_what_is_cut_and_filled() -> None:
    notes = describe_fitting(np.array([0.2, 0.5, 0.9, 1.4]), Clip(8000, 4000), "data.seconds")
    assert notes == [
        "a sound is 0.5 s at 8000 samples a second here (data.seconds)",
        "2 of 4 sounds are longer and cut, by 0.65 s in the median and 0.9 s at most",
        "1 of 4 sounds is shorter and followed by silence, 0.3 s in the median",
    ]
