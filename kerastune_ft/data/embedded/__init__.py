"""Data sets that come with the package, computed or read from it, so that everything can be tried with no network.

Other data kinds never import it.
"""

from __future__ import annotations

from importlib import import_module
from typing import Final, Protocol, cast

import numpy as np

NAMES: Final = ("blood_smear", "digits")
TEXTS: Final = ("reviews", "sentence_pairs")
PLAIN_TEXTS: Final = ("reviews",)
SOUNDS: Final = ("chirps",)
SPOKEN: Final = ("spoken",)
OBJECTS: Final = ("shapes",)
SEVERAL: Final = ("listings", "robot")
DIALOGUES: Final = ("dialogues", "summaries")
ALL: Final = (*NAMES, *TEXTS, *SOUNDS, *SPOKEN, *OBJECTS, *SEVERAL, *DIALOGUES)


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


class EmbeddedSpeech(Protocol):
    """The functions and constants of every module of an embedded data set of sounds with transcripts."""

    EXAMPLES: int
    SPLITS: dict[str, range]
    SAMPLE_RATE: int
    VERSION: str
    SYNTHETIC: bool
    DESCRIPTION: str
    PROVENANCE: str

    def sound(self, index: int) -> np.ndarray:
        """Return example `index` as int16 [samples]."""

    def answer(self, index: int) -> str:
        """Return what example `index` says."""


def embedded_speech(name: str) -> EmbeddedSpeech:
    """Return the embedded data set of sounds with transcripts `name`, one of SPOKEN.

    >>> embedded_speech("spoken").answer(0)
    'up on'
    """
    return cast(EmbeddedSpeech, _module(name, SPOKEN, "embedded data set of sounds with transcripts"))


class EmbeddedObjects(Protocol):
    """The functions and constants of every module of an embedded data set of pictures with boxes and masks."""

    EXAMPLES: int
    CLASSES: tuple[str, ...]
    """The classes of objects."""
    PIXEL_CLASSES: tuple[str, ...]
    """The classes of pixels: the ground, then those of objects."""
    SPLITS: dict[str, range]
    IMAGE_SIZE: int
    VERSION: str
    SYNTHETIC: bool
    DESCRIPTION: str
    PROVENANCE: str

    def image(self, index: int) -> np.ndarray:
        """Return example `index` as uint8 RGB of shape [IMAGE_SIZE, IMAGE_SIZE, 3]."""

    def boxes(self, index: int) -> np.ndarray:
        """Return the objects of example `index`, int64 [n, 5]: xmin, ymin, xmax, ymax as edges, position in CLASSES."""

    def mask(self, index: int) -> np.ndarray:
        """Return for every pixel of example `index` its position in PIXEL_CLASSES, uint8 [IMAGE_SIZE, IMAGE_SIZE]."""

    def instances(self, index: int) -> np.ndarray:
        """Return for every pixel of example `index` its object, a row of `boxes` counted from 1, 0 for the ground."""


def embedded_objects(name: str) -> EmbeddedObjects:
    """Return the embedded data set of pictures with boxes and masks `name`, one of OBJECTS.

    >>> embedded_objects("shapes").mask(0).shape
    (128, 128)
    """
    return cast(EmbeddedObjects, _module(name, OBJECTS, "embedded data set with boxes and masks"))


class EmbeddedSeveral(Protocol):
    """The functions and constants of every module of an embedded data set whose examples have several inputs."""

    EXAMPLES: int
    CLASSES: tuple[str, ...]
    """The classes, or the names of the numbers that are the label."""
    NUMBERS: tuple[str, ...]
    WORDS: tuple[str, ...]
    HAS_TEXT: bool
    SPLITS: dict[str, range]
    IMAGE_SIZE: int
    VERSION: str
    SYNTHETIC: bool
    DESCRIPTION: str
    PROVENANCE: str

    def image(self, index: int) -> np.ndarray:
        """Return the picture of example `index` as uint8 RGB of shape [IMAGE_SIZE, IMAGE_SIZE, 3]."""

    def numbers(self, index: int) -> tuple[float | None, ...]:
        """Return the numbers of example `index` in the order of NUMBERS, None for one that is missing."""

    def words(self, index: int) -> tuple[str, ...]:
        """Return the words of example `index` in the order of WORDS."""

    def text(self, index: int) -> str:
        """Return the text of example `index`; empty where HAS_TEXT is false."""

    def label(self, index: int) -> int | tuple[float, ...]:
        """Return the position in CLASSES of example `index`, or its numbers."""


def embedded_several(name: str) -> EmbeddedSeveral:
    """Return the embedded data set of several inputs `name`, one of SEVERAL.

    >>> embedded_several("robot").numbers(0)
    (1.927, -0.982)
    """
    return cast(EmbeddedSeveral, _module(name, SEVERAL, "embedded data set of several inputs"))


class EmbeddedDialogues(Protocol):
    """The functions and constants of every module of an embedded data set of questions and answers."""

    EXAMPLES: int
    SPLITS: dict[str, range]
    VERSION: str
    SYNTHETIC: bool
    DESCRIPTION: str
    PROVENANCE: str

    def context(self, index: int) -> tuple[tuple[str, str], ...]:
        """Return role and text of the turns of example `index` before the last answer."""

    def answer(self, index: int) -> str:
        """Return the last answer of example `index`."""


def embedded_dialogues(name: str) -> EmbeddedDialogues:
    """Return the embedded data set of questions and answers `name`, one of DIALOGUES.

    >>> embedded_dialogues("dialogues").answer(0)
    'That is 29 pounds.'
    """
    return cast(EmbeddedDialogues, _module(name, DIALOGUES, "embedded data set of dialogues"))


def _module(name: str, names: tuple[str, ...], what: str) -> object:
    if name not in names:
        raise KeyError(f"{name!r} is no {what}; there are {', '.join(names)}")
    return import_module(f"{__name__}.{name}")
