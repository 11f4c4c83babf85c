"""Puts an audio front end of stock Keras layers before a model of spectrograms or images, as part of the model.

A network of convolutions is applied to the whole spectrogram of a sound at once, not to patches of the length it was
trained on one after the other: what it computes is the same but for the edges of patches, nothing is computed twice
where patches overlap, and one row of features belongs to an example, as with images. The head's pooling is over time
and frequency then.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import keras

from kerastune_ft.backbones.base import Backbone
from kerastune_ft.backbones.inputs import ImageInput, SoundInput, SoundLengths
from kerastune_ft.config.options.spectrograms import SAMPLE_RATE, LogMel
from kerastune_ft.errors import ConfigError
from kerastune_ft.graph import keras_private
from kerastune_ft.graph.rebuild.flat import FlatCopy, NotRebuilt
from kerastune_ft.graph.rebuild.precision import unit_in
from kerastune_ft.graph.units import Unit

OWN_NAMES = (
    "sound", "pad", "sound_mel", "sound_time", "sound_frames", "sound_floor", "log", "sound_range", "clip",
    "sound_channel", "sound_size", "sound_channels",
)  # fmt: skip
"""Names of the operations put in front of a model."""


def sample_rate(options: Any, backbone: Backbone, asked: int | None) -> int:
    """Return how many samples a second a backbone takes; `asked` is data.sample_rate.

    Raises ConfigError where it was made for another number.
    """
    own = getattr(backbone.input, "sample_rate", None) or _log_mel(options, backbone).sample_rate
    if own is not None and asked not in (None, own):
        raise ConfigError(
            f"data.sample_rate: {backbone.name} takes {own} samples a second, not {asked}; remove it, since sounds of "
            "any rate are resampled to that"
        )
    return own or asked or SAMPLE_RATE


def with_audio_front_end(options: Any, backbone: Backbone, rate: int, samples: int) -> Backbone:
    """Return a backbone that takes sounds, float32 [batch, samples] of that many samples a second.

    `options` are those of the backbone. Raises ConfigError where it cannot take sounds of that length.
    """
    match backbone.input:
        case SoundInput(lengths=SoundLengths() as lengths):
            return _for_length(options, backbone, lengths, rate, samples)
        case SoundInput(samples=int() as own):
            if own == samples:
                return backbone
            raise ConfigError(
                f"data.seconds: {backbone.name} takes {own / rate:.6g} s of sound and no other length; remove it"
            )
        case ImageInput(size=size):
            return _with_spectrogram(options, backbone, rate, samples, size)
        case _:
            return _with_spectrogram(options, backbone, rate, samples, None)


def _with_spectrogram(
    options: Any, backbone: Backbone, rate: int, samples: int, image_size: tuple[int, int] | None
) -> Backbone:
    """Return a backbone with a spectrogram in front, as an image of that size where one is given."""
    sound = keras.Input((samples,), name="sound", dtype="float32")
    log_mel = _log_mel(options, backbone).resolve(rate, of_images=image_size is not None)
    _check(log_mel, rate, samples)
    spectrogram = _spectrogram(sound, log_mel, samples)
    if image_size is not None:
        spectrogram = _image(spectrogram, image_size, int(backbone.model.input.shape[-1]))
    frames, bins = 1 + (samples - (log_mel.window or 0)) // (log_mel.hop or 1), log_mel.bins
    return replace(
        _apply(backbone, sound, spectrogram, rate, samples),
        input=SoundInput(rate, samples),
        preprocessing=f"log-mel spectrogram, {frames} x {bins}",
    )


def _for_length(options: Any, backbone: Backbone, lengths: SoundLengths, rate: int, samples: int) -> Backbone:
    if getattr(options, "input", None) is not None:
        raise ConfigError(
            f"backbone.input: {backbone.name} brings its own, as its preset's audio converter makes it; remove it"
        )
    if not lengths.fewest <= samples <= lengths.most:
        least, most = lengths.fewest / rate, lengths.most / rate
        raise ConfigError(
            f"data.seconds: {backbone.name} takes sounds of {least:.3g} to {most:.4g} s, and not of "
            f"{samples / rate:.4g} s"
        )
    model, units = lengths.build(samples)
    given: Any = backbone.input
    return replace(backbone, model=model, units=units, input=replace(given, samples=samples, lengths=None))


def _log_mel(options: Any, backbone: Backbone) -> LogMel:
    """Return the spectrogram that a backbone takes: its own, else the configuration's, else the usual one."""
    given = getattr(options, "input", None)
    return getattr(backbone.input, "log_mel", None) or getattr(given, "log_mel", None) or LogMel()


def _check(log_mel: LogMel, rate: int, samples: int) -> None:
    window, fft, high = log_mel.window or 0, log_mel.fft or 0, log_mel.high or 0.0
    if high > rate / 2:
        raise ConfigError(
            f"backbone.input.log_mel.high: {high:g} Hz is more than sounds of {rate} samples a second can hold; write "
            f"{rate / 2:g} or less"
        )
    if fft < window:
        raise ConfigError(f"backbone.input.log_mel.fft: {fft} is less than the window of {window}; write a larger one")
    least = max(window, fft // 2 + 1)
    if samples < least:
        raise ConfigError(
            f"data.seconds: {samples / rate:.4g} s are {samples} samples at {rate} a second, and the spectrogram needs "
            f"{least}; write {least / rate:.3g} or more"
        )


def _spectrogram(sound: Any, log_mel: LogMel, samples: int) -> Any:
    """Return the symbolic log-mel spectrogram [batch, frames, bins, 1]; the first frame begins with the sound.

    Keras centres the first frame on the first sample, and mirrors what would come before it: as much silence is put
    before the sound as makes one frame begin with the sound, and the frames before that one are left out.
    """
    window, hop, fft = log_mel.window or 0, log_mel.hop or 1, log_mel.fft or 0
    begins = fft // 2 - (fft - window) // 2
    before = -(-begins // hop)
    padded = keras.ops.pad(sound, [[0, 0], [before * hop - begins, 0]])
    mel = keras.layers.MelSpectrogram(
        fft_length=fft,
        sequence_length=window,
        sequence_stride=hop,
        window="hann",
        sampling_rate=log_mel.sample_rate,
        num_mel_bins=log_mel.bins,
        min_freq=log_mel.low,
        max_freq=log_mel.high,
        mag_exp=float(log_mel.power),
        power_to_db=False,
        name="sound_mel",
        dtype="float32",
    )(padded)
    frames, there = 1 + (samples - window) // hop, mel.shape[2]
    mel = keras.layers.Permute((2, 1), name="sound_time")(mel)
    mel = keras.layers.Cropping1D((before, there - before - frames), name="sound_frames")(mel)
    logs = keras.ops.log(keras.layers.Rescaling(1.0, offset=log_mel.floor, name="sound_floor")(mel))
    if log_mel.range is not None:
        low, high = log_mel.range
        scale = 255.0 / (high - low)
        logs = keras.layers.Rescaling(scale, offset=-low * scale, name="sound_range")(logs)
        logs = keras.ops.clip(logs, 0.0, 255.0)
    return keras.layers.Reshape((frames, log_mel.bins, 1), name="sound_channel")(logs)


def _image(spectrogram: Any, size: tuple[int, int], channels: int) -> Any:
    """Return a spectrogram as the picture that a model of images takes, of its size and with its channels."""
    resized = keras.layers.Resizing(*size, interpolation="bilinear", name="sound_size")(spectrogram)
    return keras.layers.Concatenate(name="sound_channels")([resized] * channels)


def _apply(backbone: Backbone, sound: Any, given: Any, rate: int, samples: int) -> Backbone:
    """Return the backbone with its model applied to `given`, which is computed from `sound`."""
    try:
        model = keras.Model(sound, FlatCopy(backbone.model, given, reserved=OWN_NAMES).output, name=backbone.model.name)
    except NotRebuilt as error:
        raise ConfigError(
            f"data.seconds: {samples / rate:.4g} s of sound are {_shape(given)} for {backbone.name}, which takes "
            f"{_shape(backbone.model.input)} and no other length: {error}"
        ) from error
    for old, new in zip(backbone.model.variables, model.variables, strict=True):
        keras_private.set_path(new, old.path)
    return replace(backbone, model=model, units=tuple(_unit(unit, model) for unit in backbone.units))


def _unit(unit: Unit, model: keras.Model) -> Unit:
    found = unit_in(unit, model)
    shape = getattr(found.layers[-1].output, "shape", None) if found.layers else None
    return found if shape is None else replace(found, output_shape=tuple(shape))


def _shape(tensor: Any) -> str:
    return " x ".join("any" if size is None else str(size) for size in tensor.shape[1:])
