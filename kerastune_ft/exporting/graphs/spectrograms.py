"""Spectrograms of convolutions, for converters that lack Fourier transforms.

A short-time Fourier transform of real samples is a convolution with cosines and one with sines, each under the window,
by the steps of the frames. It is computed in float32 from kernels made in float64.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from kerastune_ft.errors import ConfigError


class FourierFrames(keras.layers.Layer):
    """Gives the cosine and sine parts of frames, [batch, samples] to twice [batch, frames, bins]."""

    def __init__(self, length: int, stride: int, fft: int, is_centred: bool, name: str | None = None) -> None:
        """`length` is that of the Hann window, and `fft` that of the transform, in which the window is centred.

        With `is_centred` the first frame is centred on the first sample, and the sound is mirrored at its ends.
        """
        super().__init__(name=name, trainable=False, dtype="float32")
        self._stride, self._bins, self._margin = stride, fft // 2 + 1, fft // 2 if is_centred else 0
        self._kernels = make_kernels(length, fft)

    def call(self, sound: Any) -> tuple[Any, Any]:
        """Return the real and the imaginary part of each frame."""
        margin = self._margin
        padded = keras.ops.pad(sound, [[0, 0], [margin, margin]], mode="reflect") if margin else sound
        both = keras.ops.conv(padded[..., np.newaxis], self._kernels, strides=self._stride, padding="valid")
        return both[..., : self._bins], both[..., self._bins :]


class ConvolutionMel(keras.layers.Layer):
    """Computes what a `keras.layers.MelSpectrogram` does, [batch, samples] to [batch, bins, frames]."""

    def __init__(self, like: keras.layers.MelSpectrogram) -> None:
        """Take all settings of `like`."""
        super().__init__(name=f"{like.name}_of_convolutions", trainable=False, dtype="float32")
        about = like.get_config()
        self._frames = FourierFrames(about["sequence_length"], about["sequence_stride"], about["fft_length"], True)
        self._power = about["mag_exp"]
        self._mel = np.asarray(
            like.linear_to_mel_weight_matrix(
                num_mel_bins=about["num_mel_bins"],
                num_spectrogram_bins=about["fft_length"] // 2 + 1,
                sampling_rate=about["sampling_rate"],
                lower_edge_hertz=about["min_freq"],
                upper_edge_hertz=about["max_freq"],
            )
        )

    def call(self, sound: Any) -> Any:
        """Return the mel spectrogram."""
        real, imaginary = self._frames(sound)
        squares = keras.ops.square(real) + keras.ops.square(imaginary)
        powers = squares if self._power == 2 else keras.ops.power(keras.ops.sqrt(squares), self._power)
        return keras.ops.transpose(keras.ops.matmul(powers, self._mel), (0, 2, 1))


def make_kernels(length: int, fft: int) -> np.ndarray:
    """Return the kernels [fft, 1, 2 x bins] of a transform: cosines, then sines turned over, under a Hann window."""
    left = (fft - length) // 2
    window = np.zeros(fft)
    window[left : left + length] = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(length) / length)
    turns = np.outer(np.arange(fft), np.arange(fft // 2 + 1)) % fft * (2.0 * np.pi / fft)
    waves = np.concatenate([np.cos(turns), -np.sin(turns)], axis=1)
    return (waves * window[:, np.newaxis])[:, np.newaxis].astype(np.float32)


def replace_mel(layer: keras.layers.MelSpectrogram) -> ConvolutionMel:
    """Return a spectrogram of convolutions in the place of Keras'; raise ConfigError where there is none."""
    about = layer.get_config()
    _check_window(about["window"], layer.name)
    if about["power_to_db"]:
        raise ConfigError(f"{layer.name} gives decibels, which depend on the loudest sound of a batch; export as keras")
    return ConvolutionMel(layer)


def replace_transform(operation: Any) -> FourierFrames:
    """Return convolutions in the place of `keras.ops.stft`; raise ConfigError where there are none."""
    _check_window(operation.window, operation.name)
    return FourierFrames(
        operation.sequence_length,
        operation.sequence_stride,
        operation.fft_length,
        bool(operation.center),
        f"{operation.name}_portable",
    )


def _check_window(window: Any, name: str) -> None:
    if window != "hann":
        raise ConfigError(f"{name} has a window of {window}, and only hann can be exported so; export as keras")
