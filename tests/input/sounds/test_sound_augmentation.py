from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.config.options.augment import Augment
from kerastune_ft.config.options.task_facts import AUDIO
from kerastune_ft.graph.randomness import example_keys
from kerastune_ft.input.sounds.noise import NoiseSounds
from kerastune_ft.input.sounds.sound_augmentation import change_sound, draw, on_sounds
from tests.support.sound_files import wav

RATE = 8000
TIME = np.arange(RATE) / RATE
TONES = sum(0.2 * np.sin(2 * np.pi * frequency * TIME) for frequency in (200, 700, 1500, 2700, 3600))
OFF = Augment().resolve(AUDIO)


def change(operation: str, size: Any, *draws: float, samples: np.ndarray = TONES) -> np.ndarray:
    sound = samples.astype(np.float32)
    return change_sound(sound, RATE, {**OFF, operation: size}, {operation: np.float32(draws)})


@pytest.mark.parametrize(("drawn", "decibels"), [(0.0, -6.0), (0.5, 0.0), (0.75, 3.0)])
def test_gain_is_in_decibels_and_clips_at_full_scale(drawn: float, decibels: float) -> None:
    found = change("gain", 6.0, drawn)
    np.testing.assert_allclose(found, np.clip(TONES * 10 ** (decibels / 20), -1, 1), atol=1e-6)
    assert np.abs(change("gain", 60.0, 1.0)).max() == 1


@pytest.mark.parametrize(("drawn", "by"), [(0.0, -1600), (0.5, 0), (0.75, 800)])
def test_shift_moves_by_a_share_of_the_length_and_leaves_silence(drawn: float, by: int) -> None:
    expected = [TONES[at - by] if 0 <= at - by < RATE else 0.0 for at in range(RATE)]
    np.testing.assert_allclose(change("shift", 0.2, drawn), expected, atol=1e-6)
    assert not change("shift", 1.0, 0.0).any()


def test_a_time_mask_silences_a_span() -> None:
    found = change("time_mask", 0.5, 0.5, 1.0, samples=np.ones(RATE))
    assert found.tolist() == [1.0] * 6000 + [0.0] * 2000
    assert change("time_mask", 0.5, 0.0, 0.3, samples=np.ones(RATE)).all()


@pytest.mark.parametrize(("size", "place"), [(1.0, 0.0), (1.0, 0.5), (0.5, 1.0)])
def test_a_frequency_mask_takes_out_a_band_of_the_mel_scale(size: float, place: float) -> None:
    whole = 2595 * np.log10(1 + RATE / 2 / 700)
    width = 0.4 * size * whole
    low, high = (700 * (10 ** (mel / 2595) - 1) for mel in (place * (whole - width), place * (whole - width) + width))
    found = change("frequency_mask", 0.4, size, place)
    kept = [frequency for frequency in (200, 700, 1500, 2700, 3600) if not low <= frequency < high]
    assert 0 < len(kept) < 5
    expected = sum(0.2 * np.sin(2 * np.pi * frequency * TIME) for frequency in kept)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_noise_is_mixed_in_at_the_ratio_that_was_drawn(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    (tmp_path / "hum.wav").write_bytes(wav(0.3 * random.uniform(-1, 1, 3 * RATE)))
    noise = NoiseSounds(str(tmp_path), RATE, "here")
    quiet = 0.1 * TONES
    added = change("noise", noise, 0.0, 0.4, 0.25, samples=quiet) - quiet
    ratio = 10 * np.log10(np.square(quiet).mean() / np.square(added).mean())
    assert ratio == pytest.approx(5 + 0.25 * 20, abs=0.01)
    span = noise.take(0.0, 0.4, RATE)
    np.testing.assert_allclose(added / added.std(), span / span.std(), atol=1e-3)
    assert not change("noise", noise, 0.0, 0.4, 0.25, samples=np.zeros(RATE)).any(), "silence stays silent"


def test_a_fault_in_a_change_is_not_taken_for_lost_noise() -> None:
    class Faulty:
        def take(self, choice: float, place: float, length: int) -> np.ndarray:
            raise KeyError("no such sound")

    keys = example_keys("3/1", 2, tf.range(1, dtype=tf.int64))
    with pytest.raises(KeyError, match="no such sound"):
        on_sounds(tf.ones((1, 20)), draw(keys, {"noise": Faulty()}), RATE)


def test_a_sound_is_what_it_is_alone_whatever_else_is_in_the_batch() -> None:
    operations = Augment(preset="strong").resolve(AUDIO)
    sounds = tf.constant(np.stack([TONES, TONES[::-1], 0.5 * TONES]).astype(np.float32))
    keys = example_keys("3/1", 2, tf.range(3, dtype=tf.int64))
    together = on_sounds(sounds, draw(keys, operations), RATE).numpy()
    for number in range(3):
        one = slice(number, number + 1)
        alone = on_sounds(sounds[one], draw(keys[one], operations), RATE).numpy()
        assert np.array_equal(alone[0], together[number])
    assert not np.array_equal(together[0], sounds[0])
    other = on_sounds(sounds, draw(example_keys("3/1", 3, tf.range(3, dtype=tf.int64)), operations), RATE)
    assert not np.array_equal(other[0], together[0])


def test_without_operations_nothing_changes() -> None:
    sounds = tf.ones([2, 10])
    assert on_sounds(sounds, draw(example_keys("", 0, tf.range(2)), OFF), RATE) is sounds
