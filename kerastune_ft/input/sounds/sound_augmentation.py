"""Random changes to a batch of training sounds, every draw addressed by the example's key.

All act on samples, before the spectrogram, which is part of the model: so they are the same for every front end, and
their result can be stored. The masks are those of SpecAugment (Park et al., 2019, arXiv:1904.08779), made there: a span
of time becomes silence, and a band of frequencies is taken out of the sound, so that the spectrogram has its floor in
both. Changes are computed in float64, one sound at a time, so that a result depends on the sound alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from kerastune_ft.graph.randomness import uniform
from kerastune_ft.input.sounds.noise import LostNoiseError

SNR = (5.0, 25.0)
"""The least and the most decibels by which a sound is louder than the noise that is mixed in."""
# The draws of each operation: numbers from [0, 1).
_DRAWS: Mapping[str, int] = {"gain": 1, "shift": 1, "noise": 3, "time_mask": 2, "frequency_mask": 2}


@dataclass(frozen=True)
class SoundChanges:
    """The changes drawn for a batch of sounds: the draws of each operation that is on, float32 [batch, draws]."""

    operations: Mapping[str, Any]
    draws: Mapping[str, tf.Tensor]


def draw(keys: tf.Tensor, operations: Mapping[str, Any], site: str = "augment") -> SoundChanges:
    """Draw the changes for a batch of sounds with these keys.

    `operations` are those of `Augment.resolve()`: `gain` the largest change in decibels either way, `shift` and
    `time_mask` the largest shares of the length, `frequency_mask` that of the mel scale, `noise` a `NoiseSounds`.
    """
    wanted = {name: count for name, count in _DRAWS.items() if operations.get(name)}
    draws = {name: uniform(keys, f"{site}/{name}", [count]) for name, count in wanted.items()}
    return SoundChanges(operations, draws)


def on_sounds(sounds: tf.Tensor, changes: SoundChanges, rate: int) -> tf.Tensor:
    """Return sounds [batch, samples] of `rate` samples a second after these changes, float32."""
    if not changes.draws:
        return sounds
    names = list(changes.draws)

    def change_all(batch: np.ndarray, *draws: np.ndarray) -> np.ndarray:
        of_each = (dict(zip(names, row, strict=True)) for row in zip(*draws, strict=True))
        pairs = zip(batch, of_each, strict=True)
        try:
            return np.stack([change_sound(samples, rate, changes.operations, drawn) for samples, drawn in pairs])
        except LostNoiseError:
            # Whoever reads the batches names it. Of an error TensorFlow would print a traceback
            # first; a batch of another shape stops the pipeline in a line.
            return np.zeros(0, np.float32)

    changed = tf.numpy_function(change_all, [sounds, *changes.draws.values()], tf.float32, stateful=False)
    return tf.ensure_shape(changed, sounds.shape)


def change_sound(
    samples: np.ndarray, rate: int, operations: Mapping[str, Any], draws: Mapping[str, np.ndarray]
) -> np.ndarray:
    """Return one sound after its changes, float32: shift, noise, gain, then both masks.

    `draws` has the numbers from [0, 1) that were drawn for it, by operation.
    """
    drawn = {name: [float(number) for number in numbers] for name, numbers in draws.items()}
    values = samples.astype(np.float64)
    if "shift" in drawn:
        values = _shift(values, _spread(drawn["shift"][0], operations["shift"]))
    if "noise" in drawn:
        values = _add_noise(values, operations["noise"], *drawn["noise"])
    if "gain" in drawn:
        values = values * _as_factor(_spread(drawn["gain"][0], operations["gain"]))
    if "noise" in drawn or "gain" in drawn:
        values = np.clip(values, -1.0, 1.0)
    if "time_mask" in drawn:
        start, end = _span(len(values), operations["time_mask"], *drawn["time_mask"])
        values[round(start) : round(end)] = 0.0
    if "frequency_mask" in drawn:
        values = _take_out_band(values, rate, operations["frequency_mask"], *drawn["frequency_mask"])
    return values.astype(np.float32)


def _spread(draw: float, size: float) -> float:
    """Return a number from -size to size."""
    return (2.0 * draw - 1.0) * size


def _as_factor(decibels: float) -> float:
    return float(10.0 ** (decibels / 20.0))


def _span(length: float, share: float, size: float, place: float) -> tuple[float, float]:
    """Return where a span begins and ends whose size is even up to a share of the length, and its place too."""
    span = size * share * length
    start = place * (length - span)
    return start, start + span


def _shift(values: np.ndarray, share: float) -> np.ndarray:
    """Return a sound that begins later by a share of its length, or earlier; what comes free is silence."""
    by = round(share * len(values))
    shifted = np.zeros_like(values)
    if by >= 0:
        shifted[by:] = values[: len(values) - by]
    else:
        shifted[:by] = values[-by:]
    return shifted


def _add_noise(values: np.ndarray, noise: Any, choice: float, place: float, ratio: float) -> np.ndarray:
    """Return a sound with noise, by a ratio of their effective values; silence has none, and stays silent."""
    added = noise.take(choice, place, len(values))
    own, other = (float(np.sqrt(np.mean(np.square(each)))) for each in (values, added))
    if own == 0.0 or other == 0.0:
        return values
    least, most = SNR
    return values + added * (own / other * _as_factor(-(least + ratio * (most - least))))


def _take_out_band(values: np.ndarray, rate: int, share: float, size: float, place: float) -> np.ndarray:
    """Return a sound without a band of frequencies, which is a span of the mel scale up to half of the rate."""
    start, end = (_hertz(mel) for mel in _span(_mel(rate / 2.0), share, size, place))
    spectrum = np.fft.rfft(values)
    frequencies = np.fft.rfftfreq(len(values), 1.0 / rate)
    spectrum[(frequencies >= start) & (frequencies < end)] = 0.0
    return np.fft.irfft(spectrum, len(values))


def _mel(frequency: float) -> float:
    """Return a frequency in Hz on the mel scale 2595 log10(1 + f / 700)."""
    return 2595.0 * float(np.log10(1.0 + frequency / 700.0))


def _hertz(mel: float) -> float:
    return 700.0 * float(10.0 ** (mel / 2595.0) - 1.0)
