"""Samples of any type and number of channels as float32 of one channel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kerastune_ft.rules import NEWEST, Rules

MOST_CHANNELS = 64
RATES = range(1000, 384_001)
"""The samples a second that a sound may have."""

_LOUDEST = 1.5
# The mean of channels that have nothing to do with each other has at least 1/64 of their power.
_CANCELLED = 1e-3


class UnusableSoundError(Exception):
    """A sound cannot be used; the message says why, as in `is cut short`."""


@dataclass(frozen=True)
class Mixed:
    """The samples of a sound as one channel."""

    values: np.ndarray
    """Float32 [frames], -1 to 1."""
    is_silent: bool
    """Whether every sample of every channel is 0."""
    cancels: bool = False
    """Whether its channels cancel each other, so that the loudest stands for them by the newest rules."""


def mix(values: np.ndarray, rules: Rules = NEWEST) -> Mixed:
    """Return samples [frames] or [frames, channels] as one channel: the mean of all.

    Whole numbers are divided by what their type holds. Where the mean has less than a thousandth of the power of the
    channels, as where one is the other turned over, the loudest channel is taken, the first of several. Raise
    UnusableSoundError where the samples cannot be used.
    """
    scaled = _to_floats(values)
    if not np.isfinite(scaled).all():
        raise UnusableSoundError("has samples that are no numbers (NaN or infinite)")
    if values.ndim == 1 or values.shape[1] == 1:
        one = scaled.reshape(-1)
        return Mixed(_as_samples(one), not one.any())
    mean = scaled.mean(axis=1, dtype=np.float64)
    mixed = _as_samples(mean)
    powers = np.square(scaled, dtype=np.float64).mean(axis=0) if len(scaled) else np.zeros(1)
    cancels = bool(np.square(mean).mean() < _CANCELLED * powers.mean()) if len(scaled) else False
    if cancels and rules.loudest_of_cancelling_channels:
        mixed = _as_samples(scaled[:, int(powers.argmax())])
    return Mixed(mixed, not scaled.any(), cancels)


def check_level(values: np.ndarray) -> None:
    """Raise UnusableSoundError for floats that are far outside -1 to 1: whole numbers of a recording, not divided."""
    largest = float(np.abs(values).max(initial=0.0)) if values.dtype.kind == "f" else 0.0
    # NaN and infinity are for `mix` to tell.
    if np.isfinite(largest) and largest > _LOUDEST:
        raise UnusableSoundError(
            f"has samples up to {largest:.6g}; float samples are -1 to 1, so divide them by the largest there can be, "
            "as 32768 for 16 bits"
        )


def _to_floats(values: np.ndarray) -> np.ndarray:
    if values.dtype.kind not in "iu":
        return values
    half = 2.0 ** (8 * values.dtype.itemsize - 1)
    return (values.astype(np.float64) - (0.0 if values.dtype.kind == "i" else half)) / half


def _as_samples(values: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(values, np.float32)
