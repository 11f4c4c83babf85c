from __future__ import annotations

import io
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.io import wavfile

from kerastune_ft.config.options.heads import Head
from kerastune_ft.config.options.tasks import AudioClassification
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.exporting.graphs.sounds import SoundGraphs
from kerastune_ft.input.sounds.resample import Clip
from kerastune_ft.saved_model.base import ServingSettings
from kerastune_ft.saved_model.sounds import SoundServing
from kerastune_ft.tasks.classification import Classification
from tests.support.sound_files import tone


@pytest.fixture(scope="module")
def graphs() -> SoundGraphs:
    keras.utils.set_random_seed(0)
    sound = keras.Input((800,))
    mel = keras.layers.MelSpectrogram(64, 32, sampling_rate=8000, num_mel_bins=8, max_freq=4000, power_to_db=False)(
        sound
    )
    model = keras.Model(sound, keras.layers.Dense(2)(keras.layers.GlobalAveragePooling1D()(keras.ops.log(mel + 0.1))))
    task = Classification(AudioClassification(kind="audio_classification"), Head(), LabelScheme("one", ("a", "b")), 0)
    return SoundGraphs(SoundServing(model, task, ServingSettings("small", "log-mel"), Clip(8000, 800)))


@pytest.mark.parametrize("seconds", [0.02, 0.1, 0.25])
def test_sounds_of_any_length_are_answered_as_by_the_saved_model(graphs: SoundGraphs, seconds: float) -> None:
    sounds = np.stack([tone(300.0, seconds), tone(700.0, seconds)]).astype(np.float32)
    (portable,) = graphs.portable()
    wanted = np.asarray(graphs.serving.model()(sounds))
    assert np.abs(portable.trace()(tf.constant(sounds))["probabilities"] - wanted).max() < 1e-5


def test_bytes_are_answered_as_samples(graphs: SoundGraphs) -> None:
    files, samples = graphs.raw()
    sounds = np.stack([tone(300.0, 0.2), tone(700.0, 0.2)]).astype(np.float32)
    answered = files.trace()(tf.constant([_write(each, 8000) for each in sounds]))["probabilities"]
    assert np.abs(answered - samples.trace()(tf.constant(sounds))["probabilities"]).max() < 1e-3


def test_preprocessing_says_what_the_script_needs(graphs: SoundGraphs) -> None:
    found: dict[str, Any] = graphs.preprocessing()
    assert found["sound"] == {"sample_rate": 8000, "samples": 800}
    assert found["answers"]["outputs"] == ["probabilities"] and found["answers"]["unknown"] is None


def _write(values: np.ndarray, rate: int) -> bytes:
    """Return a plain WAV file; TensorFlow reads none with a description before its format."""
    buffer = io.BytesIO()
    wavfile.write(buffer, rate, np.round(values * 32767).astype(np.int16))
    return buffer.getvalue()
