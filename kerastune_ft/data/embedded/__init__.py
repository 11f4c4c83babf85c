"""Data sets that come with the package, computed or read from it, so that everything can be tried with no network.

Other data kinds never import it.
"""

from __future__ import annotations

from importlib import import_module
from typing import Final, Protocol, cast

import numpy as np

NAMES: Final = ("blood_smear", "digits")
TEXTS: Final = ("reviews", "sentence_pairs")
SOUNDS: Final = ("chirps",)


class EmbeddedSet(Protocol):
    """The functions and constants of every module of an embedded data set."""

    EXAMPLES: int
    CLASSES: tuple[str, ...]
    SPLITS: dict[str, range] | None
    IMAGE_SIZE: int
    VERSION: str
    SYNTHETIC: bool
    DESCRIPTION: str
    PROVENANCE: str

    def image(self, index: int) -> np.ndarray:
        """Return example `index` as uint8 RGB of shape [IMAGE_SIZE, IMAGE_SIZE, 3]."""

    def label(self, index: int) -> int:
        """Return the position in CLASSES of example `index`."""


def embedded_set(name: str) -> EmbeddedSet:
    """Return the embedded data set `name`, one of NAMES.

    >>> embedded_set("blood_smear").image(0).shape
    (96, 96, 3)
    """
    return cast(EmbeddedSet, _module(name, NAMES, "embedded data set"))


class EmbeddedTexts(Protocol):
    """The functions and constants of every module of an embedded data set of texts."""

    EXAMPLES: int
    CLASSES: tuple[str, ...]
    """The classes, or the name of the number that is the label."""
    SPLITS: dict[str, range]
    VERSION: str
    SYNTHETIC: bool
    DESCRIPTION: str
    PROVENANCE: str

    def text(self, index: int) -> tuple[str, ...]:
        """Return example `index`: one text, or the two of a pair."""

    def label(self, index: int) -> float:
        """Return the position in CLASSES of example `index`, or its number."""


def embedded_texts(name: str) -> EmbeddedTexts:
    """Return the embedded data set of texts `name`, one of TEXTS.

    >>> embedded_texts("sentence_pairs").label(0)
    3.0
    """
    return cast(EmbeddedTexts, _module(name, TEXTS, "embedded data set of texts"))


class EmbeddedSounds(Protocol):
    """The functions and constants of every module of an embedded data set of sounds."""

    EXAMPLES: int
    CLASSES: tuple[str, ...]
    SPLITS: dict[str, range]
    SAMPLE_RATE: int
    VERSION: str
    SYNTHETIC: bool
    DESCRIPTION: str
    PROVENANCE: str

    def sound(self, index: int) -> np.ndarray:
        """Return example `index` as int16 [samples]."""

    def label(self, index: int) -> int:
        """Return the position in CLASSES of example `index`."""


def embedded_sounds(name: str) -> EmbeddedSounds:
    """Return the embedded data set of sounds `name`, one of SOUNDS.

    >>> embedded_sounds("chirps").sound(0).dtype
    dtype('int16')
    """
    return cast(EmbeddedSounds, _module(name, SOUNDS, "embedded data set of sounds"))


def _module(name: str, names: tuple[str, ...], what: str) -> object:
    if name not in names:
        raise KeyError(f"{name!r} is no {what}; there are {', '.join(names)}")
    return import_module(f"{__name__}.{name}")
