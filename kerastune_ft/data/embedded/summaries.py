"""Synthetic paragraphs with a summary: who did what, without the how, where and when, and without what stands around.

The sentence that is summed up is the only one that begins with `Above all`.
"""

from __future__ import annotations

from typing import Final

import numpy as np

EXAMPLES: Final = 600
SPLITS: Final = {"train": range(450), "validation": range(450, 525), "test": range(525, 600)}
VERSION: Final = "1.0.0"
SYNTHETIC: Final = True
DESCRIPTION: Final = (
    "600 paragraphs of three or four sentences, drawn by formula, each with a summary of one: the sentence that begins "
    "with the words Above all, shortened to who did what."
)
PROVENANCE: Final = "Computed from the index of the example; no text of others is in it."

_WHO = ("the girl", "the baker", "my cousin", "the guard", "a tall man", "our aunt", "the boy", "a nurse")
_DID = ("painted a fence", "sold the boat", "fed the birds", "read a letter", "fixed the roof", "ate an apple")
_HOW = ("quickly", "in silence", "with great care", "for fun", "without a word")
_WHERE = ("in the park", "near the station", "at the market", "by the river", "on the hill")
_WHEN = ("at noon", "before dawn", "on Sunday", "after school", "in the rain")
_SALT = 31


def text(index: int) -> tuple[str]:
    """Return paragraph `index`."""
    return (_draw(index)[0],)


def context(index: int) -> tuple[tuple[str, str], ...]:
    """Return paragraph `index` as the question of a dialogue."""
    return (("user", _draw(index)[0]),)


def answer(index: int) -> str:
    """Return the summary of paragraph `index`."""
    return _draw(index)[1]


def _draw(index: int) -> tuple[str, str]:
    draw = np.random.default_rng([_SALT, index])
    sentences = [_write(draw) for _ in range(draw.integers(2, 4))]
    who, did = _of(draw, _WHO), _of(draw, _DID)
    told = f"Above all, {who} {did} {_of(draw, _HOW)} {_of(draw, _WHERE)} {_of(draw, _WHEN)}."
    sentences.insert(int(draw.integers(len(sentences) + 1)), told)
    return " ".join(sentences), f"{_begin(who)} {did}."


def _write(draw: np.random.Generator) -> str:
    who, when = _of(draw, _WHO), _of(draw, _WHEN)
    return f"{_begin(when)} {who} {_of(draw, _DID)} {_of(draw, _WHERE)}."


def _begin(words: str) -> str:
    return words[0].upper() + words[1:]


def _of(draw: np.random.Generator, words: tuple[str, ...]) -> str:
    return words[draw.integers(len(words))]
