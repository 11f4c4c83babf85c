from __future__ import annotations

import keras
import numpy as np
import pytest

from kerastune_ft.errors import ConfigError
from kerastune_ft.exporting.graphs.portable import with_portable_operations
from tests.support.sound_files import make_batch


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
    made = with_portable_operations(model)
    wanted = np.asarray(model(make_batch()))
    assert np.abs(np.asarray(made(make_batch())) - wanted).max() < 1e-5 * np.abs(wanted).max()
    assert [id(each) for each in made.weights] == [id(each) for each in model.weights]
    assert not any(type(layer).__name__ == "MelSpectrogram" for layer in made.layers)


def test_transforms_within_models_are_replaced_and_their_layers_shared() -> None:
    sound = keras.Input((256,))
    real, imaginary = keras.ops.stft(sound, 32, 16, 32, center=False)
    inner = keras.Model(
        sound, keras.layers.Dense(2)(keras.ops.square(real) + keras.ops.square(imaginary)), name="inner"
    )
    outer = keras.Model(given := keras.Input((256,)), keras.ops.mean(inner(given), axis=1))
    made = with_portable_operations(outer)
    assert np.allclose(made(make_batch(256)), outer(make_batch(256)), atol=1e-4)
    assert {id(each) for each in made.weights} == {id(each) for each in outer.weights}


def test_what_convolutions_cannot_do_is_refused() -> None:
    sound = keras.Input((256,))
    decibels = keras.layers.MelSpectrogram(32, 16, sampling_rate=8000, num_mel_bins=4, max_freq=4000)
    with pytest.raises(ConfigError, match="decibels"):
        with_portable_operations(keras.Model(sound, decibels(sound)))
    with pytest.raises(ConfigError, match="hamming"):
        with_portable_operations(keras.Model(sound, keras.ops.stft(sound, 32, 16, 32, window="hamming")[0]))


def test_a_model_that_converters_know_is_the_same() -> None:
    inputs = keras.Input((3,))
    model = keras.Model(inputs, keras.layers.Dense(2)(inputs))
    assert with_portable_operations(model) is model


def test_means_of_probabilities_of_members_are_what_they_were() -> None:
    first, second = keras.Input((3,), name="first"), keras.Input((3,), name="second")
    model = keras.Model({"first": first, "second": second}, keras.ops.logaddexp(first, second))
    random = np.random.default_rng(0).normal(0, 20, (2, 50, 3)).astype(np.float32)
    given = {"first": random[0], "second": random[1]}
    made = with_portable_operations(model)
    assert "Logaddexp" not in {type(operation).__name__ for operation in made.operations}
    assert np.abs(np.asarray(made(given)) - np.logaddexp(*random.astype(np.float64))).max() < 1e-5
