"""Sound models as graphs: samples of any length, and the bytes of WAV files for TensorFlow itself."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any

import keras
import tensorflow as tf

from kerastune_ft.exporting.graphs.base import Endpoint, Graphs, Tensors
from kerastune_ft.exporting.graphs.resampling import decode_wav
from kerastune_ft.saved_model.sounds import SoundServing


class SoundGraphs(Graphs):
    """The endpoint `sound` of a model of sounds, and `wav` for TensorFlow.

    Elsewhere spectrograms are convolutions, since converters refuse Fourier transforms, or write files with them that
    no runtime opens.
    """

    form, needs = "sound", ("soundfile",)
    serving: SoundServing

    @cached_property
    def model(self) -> keras.Model:
        """Return the model from samples of its own length to answers."""
        sounds = keras.Input((self.serving.clip.samples,), name="sound", dtype="float32")
        return keras.Model(sounds, self.serving.finish(sounds, self.answer), name="fitted")

    def portable(self) -> list[Endpoint]:
        """Return `sound`."""
        return [self._sound(self.portable_model)]

    def raw(self) -> list[Endpoint]:
        """Return `wav` and `sound`."""
        what = "WAV files of 16 bits as bytes, of any rate, length and number of channels (tf.audio.decode_wav)"
        model, spec = self.model, {"wav": tf.TensorSpec([None], tf.string)}
        sound = self._sound(model)
        return [
            Endpoint("wav", what, spec, lambda wav: self.add_labels(self._answer(model, self._decode(wav)))),
            replace(sound, call=lambda sound: self.add_labels(self._answer(model, self._fit(sound)))),
        ]

    def preprocessing(self, inputs: str = "portable") -> dict[str, Any]:
        """Return the content of preprocessing.json, with what predict.py needs to read files under `sound`."""
        clip = self.serving.clip
        return {**super().preprocessing(inputs), "sound": {"sample_rate": clip.sample_rate, "samples": clip.samples}}

    def _sound(self, model: keras.Model) -> Endpoint:
        rate = self.serving.clip.sample_rate
        return Endpoint(
            "sound",
            f"samples of one channel, {rate} a second, -1 to 1, of any length, which is brought to the model's",
            {"sound": tf.TensorSpec([None, None], tf.float32)},
            lambda sound: self._answer(model, self._fit(sound)),
        )

    def _fit(self, sound: tf.Tensor) -> tf.Tensor:
        samples = self.serving.clip.samples
        # A reshape tells the length, which LiteRT knows no other way.
        return tf.reshape(tf.pad(sound, [[0, 0], [0, samples]])[:, :samples], [-1, samples])

    def _decode(self, wav: tf.Tensor) -> tf.Tensor:
        clip = self.serving.clip
        spec = tf.TensorSpec([clip.samples], tf.float32)
        return tf.map_fn(lambda content: decode_wav(content, clip), wav, fn_output_signature=spec)

    def _answer(self, model: keras.Model, sound: tf.Tensor) -> Tensors:
        return self.name_outputs(model(sound, training=False))
