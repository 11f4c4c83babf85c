"""Synthetic pairs of sentences with a similarity from 0 to 5: how many of five parts they have in common."""

from __future__ import annotations

from typing import Final

import numpy as np

EXAMPLES: Final = 1200
CLASSES: Final = ("similarity",)
SPLITS: Final = {"train": range(900), "test": range(900, 1200)}
VERSION: Final = "1.0.0"
SYNTHETIC: Final = True
DESCRIPTION: Final = (
    "1200 pairs of English sentences of five parts each (who, how, what, where, when), drawn by formula; the "
    "similarity of a pair is the number of parts that are the same."
)
PROVENANCE: Final = "Computed from the index of the example; no text of others is in it."

_PARTS = (
    ("A girl", "The neighbour", "The old baker", "A dog", "Nobody", "My cousin"),
    ("quickly", "silently", "with great care", "twice", "for fun", "without a word"),
    ("paints a fence", "plays the violin", "crosses the street", "eats an apple", "reads a letter", "feeds the birds"),
    ("in the park", "on the roof", "near the station", "at the market", "by the river", "in the kitchen"),
    ("at noon", "before dawn", "on Sunday", "in the rain", "after school", "every winter"),
)
_SALT = 21


def label(index: int) -> float:
    """Return the similarity of pair `index`, 0 to 5."""
    first, second = _draw(index)
    return float(sum(a == b for a, b in zip(first, second, strict=True)))


def text(index: int) -> tuple[str, str]:
    """Return the two sentences of pair `index`."""
    first, second = _draw(index)
    return _sentence(first), _sentence(second)


def _draw(index: int) -> tuple[list[int], list[int]]:
    """Return the number of each part in both sentences."""
    draw = np.random.default_rng([_SALT, index])
    first = [int(draw.integers(len(words))) for words in _PARTS]
    common = set(draw.permutation(len(_PARTS))[: draw.integers(len(_PARTS) + 1)].tolist())
    second = [
        number if part in common else int((number + draw.integers(1, len(words))) % len(words))
        for part, (number, words) in enumerate(zip(first, _PARTS, strict=True))
    ]
    return first, second


def _sentence(numbers: list[int]) -> str:
    return " ".join(words[number] for number, words in zip(numbers, _PARTS, strict=True)) + "."
