"""Checks of arrays of samples: shape, type, range of values, sample rate."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from kerastune_ft.config.options.spectrograms import MOST_CHANNELS, RATE_ARRAY
from kerastune_ft.data.files.npz import ArrayFile
from kerastune_ft.data.sounds.channels import mix
from kerastune_ft.data.sounds.check import explain_cancelling
from kerastune_ft.data.sounds.sample_source import sample_rate_of
from kerastune_ft.errors import DataError
from kerastune_ft.rules import Rules

MODEL_RATE = "the model's rate"
"""The origin of the rate of sounds without a rate of their own, when a finished run reads them."""


_ROWS = 1024


def rate_of(file: ArrayFile, otherwise: int | None, source: str) -> tuple[int, tuple[str, ...]]:
    """Return the samples a second of the sounds in a file, and a note where it does not say; it is `otherwise` then.

    `source` says where that comes from.
    """
    said = _rate(file.array(RATE_ARRAY, "x"), file.path) if file.has(RATE_ARRAY) else None
    remedy = "; another rate is said by an array sample_rate in the file, as numpy.savez(..., sample_rate=8000)"
    return sample_rate_of(said, otherwise, file.path.name, source, remedy)


def _rate(said: np.ndarray, path: Path) -> int:
    values = set(np.asarray(said).reshape(-1).tolist()) if said.dtype.kind in "iuf" else set()
    value = values.pop() if len(values) == 1 else None
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if value is None or not is_number or value != int(value) or value < 1:
        raise DataError(f"data.path: {RATE_ARRAY!r} in {path} is not one whole number; save it as sample_rate=16000")
    return int(value)


def note_cancelling(sounds: np.ndarray, name: str, rules: Rules) -> tuple[str, ...]:
    """Return a sentence about the rows of an array [N, samples, channels] whose channels cancel each other."""
    rows = [row for row in range(len(sounds)) if mix(np.asarray(sounds[row]), rules).cancels]
    return explain_cancelling(len(rows), f"{name}[{rows[0]}]", rules) if rows else ()


def check_sounds(sounds: np.ndarray, place: str) -> None:
    """Raise DataError unless the array holds sounds of values -1 to 1, or of whole numbers."""
    shape = sounds.shape
    if sounds.ndim not in (2, 3) or 0 in shape or (sounds.ndim == 3 and shape[2] > MOST_CHANNELS):
        raise DataError(
            f"{place} has shape {list(shape)}; sounds are [N, samples], or [N, samples, channels] with up to "
            f"{MOST_CHANNELS} channels."
        )
    if sounds.dtype.kind == "i" and sounds.dtype.itemsize in (2, 4):
        return
    if sounds.dtype.kind != "f":
        raise DataError(f"{place} has dtype {sounds.dtype}; sounds are int16, int32, or floats from -1 to 1.")
    for start in range(0, len(sounds), _ROWS):
        part = np.asarray(sounds[start : start + _ROWS])
        bad = np.flatnonzero(~np.isfinite(part).reshape(len(part), -1).all(axis=1))
        if len(bad):
            raise DataError(f"{place} has NaN or infinity in row {start + bad[0]}. Take such examples out.")
        largest = float(np.abs(part).max())
        if largest > 1.5:
            raise DataError(
                f"{place} has values up to {largest:g}; sounds are -1 to 1. Divide them by the largest there can be, "
                "as 32768 for 16 bits, or save them as int16."
            )
