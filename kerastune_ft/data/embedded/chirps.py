"""Synthetic calls: tones in noise that fall, rise, stay or tremble, of any pitch and length."""

from __future__ import annotations

from typing import Final

import numpy as np

EXAMPLES: Final = 400
CLASSES: Final = ("falling", "rising", "steady", "trill")
SPLITS: Final = {"train": range(320), "test": range(320, 400)}
SAMPLE_RATE: Final = 8000
VERSION: Final = "1.0.0"
SYNTHETIC: Final = True
DESCRIPTION: Final = (
    "400 sounds of 0.3 to 0.6 seconds, tones with two overtones in noise; how the pitch moves decides the class."
)
PROVENANCE: Final = "Computed from the index of the example; nothing was recorded."

_SALT = 22
_SHORTEST, _LONGEST = 0.3, 0.6
_LOWEST, _HIGHEST = 400.0, 1200.0
_OVERTONES = (1.0, 0.4, 0.2)
_LARGEST = 32767


def label(index: int) -> int:
    """Return the position in CLASSES of sound `index`."""
    return _draw(index)[0]


def sound(index: int) -> np.ndarray:
    """Return sound `index` as int16 [samples], SAMPLE_RATE of them a second."""
    kind, draw = _draw(index)
    length = int(SAMPLE_RATE * draw.uniform(_SHORTEST, _LONGEST))
    time = np.arange(length) / SAMPLE_RATE
    share = time / time[-1]
    middle = _LOWEST * (_HIGHEST / _LOWEST) ** draw.random()
    bend = draw.uniform(0.25, 0.5)
    if CLASSES[kind] == "trill":
        pitch = middle * (1 + bend * np.sign(np.sin(2 * np.pi * draw.uniform(10, 18) * time)) / 2)
    else:
        pitch = middle * (1 + bend * {"falling": -1, "rising": 1, "steady": 0}[CLASSES[kind]] * (2 * share - 1))
    phase = 2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE
    tone = sum(part * np.sin((number + 1) * phase) for number, part in enumerate(_OVERTONES))
    swell = np.sin(np.pi * share) ** 0.3
    noise = draw.normal(0, draw.uniform(0.01, 0.1), length)
    values = draw.uniform(0.1, 0.5) * swell * tone + noise
    return np.round(np.clip(values, -1, 1) * _LARGEST).astype(np.int16)


def _draw(index: int) -> tuple[int, np.random.Generator]:
    """Return the class of a sound, and what the rest of it is drawn from."""
    if not 0 <= index < EXAMPLES:
        raise IndexError(f"{index} is not in 0 to {EXAMPLES - 1}")
    return index % len(CLASSES), np.random.default_rng([_SALT, index])
