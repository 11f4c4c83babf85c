"""The saved model of sounds: samples in, and the spectrogram, if any, inside the model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kerastune_ft.data.source import DataSource
from kerastune_ft.input.sounds.resample import Clip, resample
from kerastune_ft.saved_model.base import Answer, Serving, ServingSettings
from kerastune_ft.tasks.base import Task

_SOUND = "sound"


class SoundServing(Serving):
    """Takes sounds [batch, samples] of any length, -1 to 1; gives probabilities."""

    def __init__(self, trained: keras.Model, task: Task, settings: ServingSettings, clip: Clip) -> None:
        """`clip` is the rate and length that sounds are brought to before the trained model."""
        super().__init__(trained, task, settings)
        self.clip = clip

    def model(self, answer: Answer | None = None) -> keras.Model:
        """Return the model to save: sounds [batch, samples] of any length, -1 to 1, to probabilities.

        As in training, shorter sounds get silence at the end and longer ones are cut. It is of stock layers, so that it
        opens with Keras alone.
        """
        inputs, taken = self.begin(_SOUND)
        return keras.Model(inputs[_SOUND], self.finish(taken[_SOUND], answer), name=self.settings.name)

    def begin(self, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return sounds of any length as a symbolic input, and the sounds of the model's length made of them."""
        samples = self.clip.samples
        sounds = keras.Input((None,), name=name, dtype="float32")
        return {name: sounds}, {name: keras.ops.pad(sounds, [[0, 0], [0, samples]])[:, :samples]}

    def preprocessing(self) -> dict[str, Any]:
        """Return the content of preprocessing.json: the sounds that the model takes, and its outputs."""
        return {
            "input": "samples of one channel (the mean of several; the loudest of several that cancel each other), "
            "float32, -1 to 1, [batch, samples] of any length",
            "sample_rate": self.clip.sample_rate,
            "resampling": "scipy.signal.resample_poly, before the model",
            "samples": self.clip.samples,
            "seconds": self.clip.seconds,
            "inside_the_model": ["silence after shorter sounds, longer ones cut", self.settings.preprocessing],
            "output": self.output_text,
        }

    def samples(self, source: DataSource, indices: Sequence[int]) -> list[np.ndarray]:
        """Return sounds [samples] of their own lengths, resampled to the model's rate."""
        examples = [source.element(tf.constant(index, tf.int64)) for index in indices]
        rate = self.clip.sample_rate
        return [resample(np.asarray(each["samples"]), int(each["rate"]), rate) for each in examples]

    def call(self, model: keras.Model, samples: Sequence[np.ndarray]) -> np.ndarray:
        """Return the outputs of a saved model for sounds, called with one at a time."""
        return np.concatenate([np.asarray(model(sound[np.newaxis], training=False)) for sound in samples])
