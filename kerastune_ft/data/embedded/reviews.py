"""Synthetic reviews: one or two English sentences on a film, a meal or a journey, in praise or in blame."""

from __future__ import annotations

from typing import Final

import numpy as np

EXAMPLES: Final = 1200
CLASSES: Final = ("negative", "positive")
SPLITS: Final = {"train": range(900), "test": range(900, 1200)}
VERSION: Final = "1.0.0"
SYNTHETIC: Final = True
DESCRIPTION: Final = (
    "1200 reviews of one or two sentences, made of words drawn by formula; a word of praise or blame decides the "
    "class, and a negation before it turns it around."
)
PROVENANCE: Final = "Computed from the index of the example; no text of others is in it."

_ABOUT = (
    ("the film", "the plot", "the cast", "the ending", "the dialogue", "the music"),
    ("the soup", "the service", "the menu", "the dessert", "the wine list", "the waiter"),
    ("the hotel", "the ferry", "the guide", "the harbour", "the night train", "the view"),
)
_PRAISE = ("charming", "superb", "delightful", "moving", "splendid", "warm", "brilliant", "generous")
_BLAME = ("dreary", "awful", "clumsy", "tedious", "bland", "rude", "hopeless", "shabby")
_DEGREE = ("", "rather ", "truly ", "very ", "surprisingly ")
_OPENING = ("", "in short, ", "to be honest, ", "after two hours, ", "as my sister said, ", "once again ")
_NEUTRAL = (
    "We went on a Tuesday.",
    "It took about an hour.",
    "My brother came along.",
    "There were twelve of us.",
    "We paid by card.",
)
_SALT, _NEGATED, _FOLLOWED = 20, 0.15, 0.5


def label(index: int) -> int:
    """Return the position in CLASSES of review `index`."""
    return int(np.random.default_rng([_SALT, index, 1]).integers(2))


def text(index: int) -> tuple[str]:
    """Return review `index`."""
    draw = np.random.default_rng([_SALT, index])
    things = _ABOUT[draw.integers(len(_ABOUT))]
    is_praise = bool(label(index))
    is_negated = draw.random() < _NEGATED
    words = _PRAISE if is_praise != is_negated else _BLAME
    said = f"{_of(draw, _DEGREE)}{_of(draw, words)}"
    sentence = f"{_of(draw, _OPENING)}{_of(draw, things)} was {'not ' if is_negated else ''}{said}."
    sentences = [sentence[0].upper() + sentence[1:]]
    if draw.random() < _FOLLOWED:
        sentences.insert(int(draw.integers(2)), _of(draw, _NEUTRAL))
    return (" ".join(sentences),)


def _of(draw: np.random.Generator, words: tuple[str, ...]) -> str:
    return words[draw.integers(len(words))]
