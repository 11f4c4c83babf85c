"""Audio encoders of keras-hub as one graph from samples to hidden states: Whisper and Moonshine.

What a preset's audio converter computes is put in front as stock operations, so that it is part of the model. Sounds
are not padded to thirty seconds, as for transcription: the encoder sees the length of the data.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import keras_hub
import numpy as np

from kerastune_ft.backbones.hub.blocks import replay
from kerastune_ft.errors import ConfigError

_FEATURES, _SAMPLES, _MASK = "encoder_features", "encoder_input_values", "encoder_padding_mask"
# The seconds that Moonshine's authors allow: https://github.com/usefulsensors/moonshine.
_SHORTEST, _LONGEST = 0.1, 64.0
# Seconds of sound for a graph that is built for its units alone; Moonshine has no length of its own.
_USUAL = 4
# What decides, in a converter of either class, what it makes of sounds; the padding of Whisper's is not asked for here.
_SETTLED = ("sampling_rate", "num_mels", "num_fft_bins", "stride", "do_normalize", "padding_value")


@dataclass(frozen=True)
class AudioEncoder:
    """An encoder of sounds: the lengths it takes, and how to build its model for one of them."""

    sample_rate: int
    fewest: int
    """Samples of the shortest sound it takes."""
    most: int
    """Samples of the longest."""
    encoder: Callable[[int], keras.Model]
    """Makes the model [batch, samples] -> [batch, length, width] for so many samples, of the same layers each time."""
    inputs: Callable[[Any], dict[str, Any]]
    """Returns what a backbone that writes takes of sounds [batch, samples], by the names of its inputs."""
    own: int | None = None
    """The samples of the sounds that weights are made for; None where they may be any."""

    @property
    def usual(self) -> int:
        """Return the samples of a sound where no length is asked for."""
        return min(self.most, _USUAL * self.sample_rate)


def audio_encoder(body: keras.Model, converter: Any) -> AudioEncoder:
    """Return the audio encoder of a backbone; `converter` is its preset's, or None for the usual one of its class."""
    build = _whisper if _FEATURES in body.input else _moonshine
    return build(body, converter or _usual_converter(body))


def require_usual(body: keras.Model, converter: Any) -> None:
    """Raise ConfigError where the converter of a preset does not make of sounds what the usual one of its class does.

    A run that writes down speech is saved, used and exported with that one.
    """
    if converter is None:
        return
    usual = _usual_converter(body)
    if other := [name for name in _SETTLED if getattr(converter, name, None) != getattr(usual, name, None)]:
        raise ConfigError(
            f"backbone.preset: {other[0]} of its audio converter is {getattr(converter, other[0])}, and "
            f"{getattr(usual, other[0])} alone is supported for speech that is written down; take another preset, or "
            "write its audio_converter.json for that"
        )


def _usual_converter(body: keras.Model) -> Any:
    if _FEATURES in body.input:
        return keras_hub.layers.WhisperAudioConverter(num_mels=body.num_mels)
    return keras_hub.layers.MoonshineAudioConverter()


def _whisper(body: keras.Model, converter: Any) -> AudioEncoder:
    def front(sound: Any) -> Any:
        return _frames(sound, converter)

    def encoder(samples: int) -> keras.Model:
        sound = keras.Input((samples,), name="sound", dtype="float32")
        return _encoder(body, sound, {_FEATURES: front(sound)})

    rate, most = int(converter.sampling_rate), body.max_encoder_sequence_length * converter.stride
    return AudioEncoder(rate, round(_SHORTEST * rate), most, encoder, lambda sound: {_FEATURES: front(sound)}, most)


def _frames(sound: Any, converter: Any) -> Any:
    """Return Whisper's log-mel frames [batch, samples // stride, mels]: those of the eight decades below the loudest.

    Source: https://github.com/openai/whisper, audio.py, log_mel_spectrogram.
    """
    ops, bins = keras.ops, int(converter.num_fft_bins)
    padded = ops.pad(sound, [[0, 0], [bins // 2, bins // 2]], mode="reflect")
    real, imaginary = ops.stft(padded, bins, int(converter.stride), bins, window="hann", center=False)
    power = (ops.square(real) + ops.square(imaginary))[:, :-1]
    logs = ops.log10(ops.maximum(ops.matmul(power, np.asarray(converter.mel_filters)), 1e-10))
    logs = ops.maximum(logs, ops.max(logs, axis=(1, 2), keepdims=True) - 8.0)
    return keras.layers.Rescaling(0.25, offset=1.0, name="sound_frames", dtype="float32")(logs)


def _moonshine(body: keras.Model, converter: Any) -> AudioEncoder:
    def front(sound: Any) -> Any:
        # Before Keras 3.15 a sound that was cut to a length has none that is known.
        samples = -1 if sound.shape[1] is None else sound.shape[1]
        values = keras.layers.Reshape((samples, 1), name="sound_samples", dtype="float32")(sound)
        if converter.do_normalize:
            mean, variance = keras.ops.moments(values, axes=1, keepdims=True)
            values = (values - mean) / keras.ops.sqrt(variance + 1e-7)
        return values

    def encoder(samples: int) -> keras.Model:
        sound = keras.Input((samples,), name="sound", dtype="float32")
        values = front(sound)
        mask = keras.ops.ones_like(values[:, :, 0], dtype="bool")
        return _encoder(body, sound, {_SAMPLES: values, _MASK: mask})

    def inputs(sound: Any) -> dict[str, Any]:
        return {_SAMPLES: front(sound), _MASK: _find_heard(sound)}

    rate = int(converter.sampling_rate)
    return AudioEncoder(rate, round(_SHORTEST * rate), round(_LONGEST * rate), encoder, inputs)


def _find_heard(sound: Any) -> Any:
    """Return bool [batch, samples], true up to the last sample of a sound that is not zero.

    keras-hub's preprocessor takes any zero for padding, and a sound that has zeros in it for shorter than it is.
    """
    ops = keras.ops
    sounding = ops.cast(ops.not_equal(sound, 0.0), "int32")
    return ops.flip(ops.cumsum(ops.flip(sounding, axis=1), axis=1), axis=1) > 0


def _encoder(body: keras.Model, sound: Any, inputs: dict[str, Any]) -> keras.Model:
    part = keras.Model({name: body.input[name] for name in inputs}, body.output["encoder_sequence_output"])
    return keras.Model(sound, replay(part, inputs), name=body.name)
