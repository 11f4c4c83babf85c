"""Sounds in memory as WAV files, which keep every sample."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

from kerastune_ft.config.options.spectrograms import MOST_CHANNELS
from kerastune_ft.data.in_memory.values import as_values
from kerastune_ft.errors import DataError

_SAMPLES, _RATES = "array", ("sampling_rate", "sample_rate")
_PCM, _FLOAT = 1, 3


def is_sound(value: Any) -> bool:
    """Return whether a value is an object of samples and their rate, as `{"array": ..., "sampling_rate": 16000}`."""
    return isinstance(value, Mapping) and _SAMPLES in value and any(key in value for key in _RATES)


def read_samples(sound: Mapping[str, Any], place: str) -> tuple[np.ndarray, int]:
    """Return samples, [samples] or [samples, channels], and their rate; raise DataError for others.

    `place` begins messages.
    """
    values = np.asarray(as_values(sound[_SAMPLES]))
    rate = next(sound[key] for key in _RATES if key in sound)
    if values.ndim not in (1, 2) or not values.size or values.dtype.kind not in "if":
        raise DataError(
            f"{place} has samples of shape {list(values.shape)} and dtype {values.dtype}; a sound is [samples] or "
            "[samples, channels], of int16, int32, or floats from -1 to 1"
        )
    if values.ndim == 2 and values.shape[1] > MOST_CHANNELS:
        raise DataError(f"{place} has shape {list(values.shape)}; channels come last: samples.T")
    try:
        whole = int(rate)
    except (TypeError, ValueError):
        whole = 0
    if whole < 1:
        raise DataError(f"{place} has no rate: {rate!r}; give the samples a second, as 16000")
    return values, whole


def encode_sound(sound: Mapping[str, Any], place: str) -> bytes:
    """Return a sound as a WAV file with the same samples; 64 bits become 32. Raises DataError for what is none."""
    values, rate = read_samples(sound, place)
    kind = _FLOAT if values.dtype.kind == "f" else _PCM
    if kind == _PCM and values.dtype.itemsize not in (2, 4):
        raise DataError(f"{place} has samples of {values.dtype}; give int16, int32, or floats from -1 to 1")
    samples = values.astype("<f4") if kind == _FLOAT else values.astype(f"<i{values.dtype.itemsize}")
    channels, width = 1 if values.ndim == 1 else values.shape[1], samples.dtype.itemsize
    about = struct.pack("<HHIIHH", kind, channels, rate, rate * channels * width, channels * width, 8 * width)
    content = np.ascontiguousarray(samples).tobytes()
    chunks = b"fmt " + struct.pack("<I", len(about)) + about + b"data" + struct.pack("<I", len(content)) + content
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks
