"""Resamples sounds and fits them to the number of samples that a model takes.

Resampling uses `scipy.signal.resample_poly`: a polyphase filter of linear phase under a Kaiser window, which removes
the frequencies that the lower of the two rates cannot hold. It is computed in float64, one sound at a time, so that
the result depends on the sound alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from kerastune_ft.wording import counted

# Chosen lengths are multiples of this, in seconds.
_STEP = 0.01
_SHARE = 0.95


@dataclass(frozen=True)
class Clip:
    """The rate and length that sounds are brought to: shorter ones get silence at the end, longer ones are cut."""

    sample_rate: int
    """Samples a second."""
    samples: int
    """The length in samples."""

    @property
    def seconds(self) -> float:
        """Return the length in seconds."""
        return self.samples / self.sample_rate

    def to_json(self) -> dict[str, float]:
        """Return the clip as a JSON object."""
        return {"sample_rate": self.sample_rate, "samples": self.samples, "seconds": self.seconds}


def choose_seconds(lengths: np.ndarray) -> float:
    """Return a length in seconds that 95 % of sounds of these lengths fit into."""
    wanted = float(np.quantile(lengths, _SHARE, method="higher"))
    return math.ceil(round(wanted / _STEP, 6)) * _STEP


def make_clip(seconds: float, sample_rate: int) -> Clip:
    """Return a clip of that many seconds, at least one sample long."""
    return Clip(sample_rate, max(1, round(seconds * sample_rate)))


def explain_length(
    clip: Clip, lengths: np.ndarray | None, splits: Mapping[str, np.ndarray], asked: float | None, backbone: str
) -> str:
    """Return what decided the length of a clip, in words: an option, the training examples, or the backbone."""
    if asked is not None:
        return "data.seconds"
    if lengths is not None and "train" in splits:
        usual = make_clip(choose_seconds(lengths[splits["train"]]), clip.sample_rate)
        if clip == usual:
            return "where 95 % of the training examples have room"
    return f"what {backbone} takes"


def fit_samples(samples: np.ndarray, rate: int, clip: Clip) -> np.ndarray:
    """Return a sound [frames] of any rate at the rate and length of a clip, float32 [samples]."""
    # The part that is cut off is not resampled, except for the reach of the filter.
    enough = math.ceil((clip.seconds + 0.1) * rate)
    values = resample(samples[:enough], rate, clip.sample_rate)[: clip.samples]
    return np.concatenate([values, np.zeros(clip.samples - len(values), np.float32)])


def resample(samples: np.ndarray, rate: int, wanted: int) -> np.ndarray:
    """Return a sound at the rate `wanted`, float32."""
    if rate == wanted:
        return samples.astype(np.float32, copy=False)
    from scipy.signal import resample_poly

    common = math.gcd(rate, wanted)
    return resample_poly(samples.astype(np.float64), wanted // common, rate // common).astype(np.float32)


def fit_sound(samples: tf.Tensor, rate: tf.Tensor, clip: Clip) -> tf.Tensor:
    """Return a sound at the rate and length of a clip, float32 [samples]; `fit_samples` as a graph function."""

    def fit_one(values: np.ndarray, own_rate: np.ndarray) -> np.ndarray:
        return fit_samples(values, int(own_rate), clip)

    result = tf.numpy_function(fit_one, [samples, rate], tf.float32, stateful=False)
    return tf.ensure_shape(result, [clip.samples])


def describe_fitting(lengths: np.ndarray, clip: Clip, why: str) -> list[str]:
    """Return sentences on how sounds of these lengths in seconds fit a clip; `why` says what decided its length."""
    # Resampling may add or drop a sample.
    longer = int((lengths > clip.seconds + 0.5 / clip.sample_rate).sum())
    shorter = int((lengths < clip.seconds - 0.5 / clip.sample_rate).sum())
    notes = [f"a sound is {clip.seconds:.4g} s at {clip.sample_rate} samples a second here ({why})"]
    if longer:
        lost = (lengths - clip.seconds)[lengths > clip.seconds]
        notes.append(
            f"{longer} of {counted(len(lengths), 'sound')} {'is' if longer == 1 else 'are'} longer and cut, by "
            f"{np.median(lost):.4g} s in the median and {lost.max():.4g} s at most"
        )
    if shorter:
        filled = (clip.seconds - lengths)[lengths < clip.seconds]
        notes.append(
            f"{shorter} of {counted(len(lengths), 'sound')} {'is' if shorter == 1 else 'are'} shorter and followed by "
            f"silence, {np.median(filled):.4g} s in the median"
        )
    return notes
