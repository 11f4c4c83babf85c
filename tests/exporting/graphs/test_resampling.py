from __future__ import annotations

import io

import numpy as np
import pytest
import tensorflow as tf
from scipy.io import wavfile

from kerastune_ft.data.sounds.decode import decode_sound
from kerastune_ft.exporting.graphs import resampling
from kerastune_ft.exporting.graphs.resampling import decode_wav, resample
from kerastune_ft.input.sounds.resample import Clip, fit_samples
from kerastune_ft.input.sounds.resample import resample as resample_outside
from tests.support.sound_files import tone


@pytest.mark.parametrize(
    ("rate", "wanted"), [(8000, 16000), (16000, 16000), (44100, 16000), (22050, 8000), (11025, 16000), (48000, 16000)]
)
def test_it_is_scipy_in_a_graph(rate: int, wanted: int) -> None:
    samples = tone(440.0, 0.05, rate)
    found = tf.function(resample)(tf.constant(samples), tf.constant(rate), wanted).numpy()
    expected = resample_outside(samples, rate, wanted)
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() < 1e-6


@pytest.mark.parametrize("seconds", [0.03, 0.2])
def test_files_become_the_samples_of_training(seconds: float) -> None:
    clip = Clip(8000, 800)
    channels = np.stack([tone(300.0, seconds, 11025), 0.5 * tone(900.0, seconds, 11025)], axis=1)
    for values in (channels, channels[:, :1], np.stack([channels[:, 0], -channels[:, 0] * 0.999], axis=1)):
        content = _write(values, 11025)
        sound = decode_sound(content)
        wanted = fit_samples(sound.values, sound.rate, clip)
        assert np.abs(decode_wav(tf.constant(content), clip).numpy() - wanted).max() < 2e-5


def test_what_is_cut_off_is_not_resampled(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def count(samples: tf.Tensor, rate: tf.Tensor, wanted: int) -> tf.Tensor:
        seen.append(int(tf.size(samples)))
        return resample(samples, rate, wanted)

    monkeypatch.setattr(resampling, "resample", count)
    decode_wav(tf.constant(_write(tone(300.0, 2.0, 44100)[:, np.newaxis], 44100)), Clip(8000, 800))
    assert seen == [0.2 * 44100]


def test_rates_without_a_common_divisor_are_counted_beyond_32_bits() -> None:
    # 135,000 samples with 15,999 zeros after each.
    samples, rate = np.zeros(135_000), 15_999
    samples[-20_000:] = tone(440.0, 20_000 / rate, rate)[:20_000]
    found = tf.function(resample)(tf.constant(samples), tf.constant(rate), 16_000).numpy()
    assert np.abs(found - resample_outside(samples, rate, 16_000)).max() < 1e-6


def _write(values: np.ndarray, rate: int) -> bytes:
    """Return a plain WAV file; TensorFlow reads none with a description before its format."""
    buffer = io.BytesIO()
    wavfile.write(buffer, rate, np.round(values * 32767).astype(np.int16))
    return buffer.getvalue()
