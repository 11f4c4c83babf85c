"""Texts of a run as users give them: the text itself, or the two of a pair with a tab between."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

_WORD = "word "


def give(source: Any, indices: Sequence[int], data: Any, folder: Path) -> list[str]:
    """Return the text of each example, or its pair of texts with a tab between them."""
    return ["\t".join(text.replace("\t", " ") for text in source.texts[index]) for index in indices]


def ask(inputs: Sequence[str], folder: Path) -> list[tuple[str, ...]]:
    """Return a tuple of the texts of each example: a string that is the name of a file would be read as one."""
    return [tuple(given.split("\t")) for given in inputs]


def pass_on(inputs: Sequence[str], folder: Path) -> list[str]:
    """Return the texts as they are."""
    return list(inputs)


def measure_sizes(inputs: Sequence[str]) -> list[list[int]]:
    """Return the characters of each text, or of both of a pair."""
    return [[len(text) for text in given.split("\t")] for given in inputs]


def imitate(sizes: Sequence[Sequence[int]], folder: Path) -> list[str]:
    """Return texts, or pairs, of so many characters."""
    return ["\t".join((_WORD * (size // len(_WORD) + 1))[:size].strip() or "a" for size in pair) for pair in sizes]
