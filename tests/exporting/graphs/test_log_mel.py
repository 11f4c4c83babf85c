from __future__ import annotations

import keras
import numpy as np
import pytest
import scipy.signal

from kerastune_ft.errors import ConfigError
from kerastune_ft.exporting.graphs.log_mel import FourierFrames, with_convolutions


def make_sounds(samples: int = 1000) -> np.ndarray:
    random = np.random.default_rng(0)
    tones = np.sin(np.outer(random.uniform(0.05, 1.5, 3), np.arange(samples)))
    return (0.5 * tones + random.normal(0, 0.05, tones.shape)).astype(np.float32)


@pytest.mark.parametrize(("length", "fft", "stride"), [(64, 64, 16), (50, 64, 20), (51, 65, 7)])
def test_frames_are_those_of_scipy(length: int, fft: int, stride: int) -> None:
    sounds = make_sounds()
    real, imaginary = map(np.asarray, FourierFrames(length, stride, fft, False)(sounds))
    window = np.zeros(fft)
    left = (fft - length) // 2
    window[left : left + length] = scipy.signal.get_window("hann", length)
    starts = range(0, sounds.shape[1] - fft + 1, stride)
    wanted = np.stack([np.fft.rfft(sounds[:, at : at + fft] * window) for at in starts], axis=1)
    assert np.abs(real + 1j * imaginary - wanted).max() < 1e-4 * np.abs(wanted).max()


@pytest.mark.parametrize("power", [1.0, 2.0, 1.5])
def test_mel_spectrograms_are_those_of_keras(power: float) -> None:
    sound = keras.Input((1000,))
    mel = keras.layers.MelSpectrogram(
        64,
        16,
        50,
        sampling_rate=8000,
        num_mel_bins=12,
        min_freq=50.0,
        max_freq=3500.0,
        mag_exp=power,
        power_to_db=False,
    )
    model = keras.Model(sound, keras.layers.Dense(3)(keras.ops.log(mel(sound) + 0.01)))
    made = with_convolutions(model)
    wanted = np.asarray(model(make_sounds()))
    assert np.abs(np.asarray(made(make_sounds())) - wanted).max() < 1e-5 * np.abs(wanted).max()
    assert [id(each) for each in made.weights] == [id(each) for each in model.weights]
    assert not any(type(layer).__name__ == "MelSpectrogram" for layer in made.layers)


def test_transforms_within_models_are_replaced_and_their_layers_shared() -> None:
    sound = keras.Input((256,))
    real, imaginary = keras.ops.stft(sound, 32, 16, 32, center=False)
    inner = keras.Model(
        sound, keras.layers.Dense(2)(keras.ops.square(real) + keras.ops.square(imaginary)), name="inner"
    )
    outer = keras.Model(given := keras.Input((256,)), keras.ops.mean(inner(given), axis=1))
    made = with_convolutions(outer)
    assert np.allclose(made(make_sounds(256)), outer(make_sounds(256)), atol=1e-4)
    assert {id(each) for each in made.weights} == {id(each) for each in outer.weights}


def test_what_convolutions_cannot_do_is_refused() -> None:
    sound = keras.Input((256,))
    decibels = keras.layers.MelSpectrogram(32, 16, sampling_rate=8000, num_mel_bins=4, max_freq=4000)
    with pytest.raises(ConfigError, match="decibels"):
        with_convolutions(keras.Model(sound, decibels(sound)))
    with pytest.raises(ConfigError, match="hamming"):
        with_convolutions(keras.Model(sound, keras.ops.stft(sound, 32, 16, 32, window="hamming")[0]))
