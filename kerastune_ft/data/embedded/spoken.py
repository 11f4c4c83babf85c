"""Synthetic speech of a small language of tones, with transcripts: a word is a tone that falls, rises, stays or sinks.

Two or three words follow each other, with pauses, at the pitch and speed of one of many voices.
"""

from __future__ import annotations

from typing import Final

import numpy as np

EXAMPLES: Final = 400
SPLITS: Final = {"train": range(300), "validation": range(300, 350), "test": range(350, 400)}
SAMPLE_RATE: Final = 8000
VERSION: Final = "1.0.0"
SYNTHETIC: Final = True
DESCRIPTION: Final = (
    "400 sounds of 0.3 to 0.7 seconds, each of two or three tones in noise, and what they say: how the pitch of a tone "
    "moves is its word."
)
PROVENANCE: Final = "Computed from the index of the example; nothing was recorded."
WORDS: Final = ("down", "up", "on", "off")
"""The words: a tone that falls, rises, stays, or stops halfway."""

_SALT = 33
_LOWEST, _HIGHEST = 500.0, 1000.0
_SHORTEST, _LONGEST, _PAUSE = 0.12, 0.18, 0.04
_LARGEST = 32767
_SWING: Final = {"down": -0.5, "up": 0.5, "on": 0.0, "off": 0.0}


def answer(index: int) -> str:
    """Return what sound `index` says."""
    return " ".join(_draw(index)[0])


def sound(index: int) -> np.ndarray:
    """Return sound `index` as int16 [samples], SAMPLE_RATE of them a second."""
    words, draw = _draw(index)
    middle = _LOWEST * (_HIGHEST / _LOWEST) ** draw.random()
    length, loudness = draw.uniform(_SHORTEST, _LONGEST), draw.uniform(0.2, 0.5)
    pause = np.zeros(int(_PAUSE * SAMPLE_RATE))
    tones = [part for word in words for part in (_say(word, middle, length), pause)]
    values = loudness * np.concatenate(tones[:-1])
    values += draw.normal(0, draw.uniform(0.005, 0.03), len(values))
    return np.round(np.clip(values, -1, 1) * _LARGEST).astype(np.int16)


def _say(word: str, middle: float, length: float) -> np.ndarray:
    """Return the tone of a word, around a pitch in Hz and of a length in seconds."""
    share = np.linspace(0, 1, int(length * SAMPLE_RATE))
    pitch = middle * (1 + _SWING[word] * (2 * share - 1))
    tone = np.sin(2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE) * np.sin(np.pi * share) ** 0.3
    return np.where(share > 0.5, 0.0, tone) if word == "off" else tone


def _draw(index: int) -> tuple[list[str], np.random.Generator]:
    """Return the words of a sound, and what the rest of it is drawn from."""
    if not 0 <= index < EXAMPLES:
        raise IndexError(f"{index} is not in 0 to {EXAMPLES - 1}")
    draw = np.random.default_rng([_SALT, index])
    return [WORDS[number] for number in draw.integers(len(WORDS), size=draw.integers(2, 4))], draw
