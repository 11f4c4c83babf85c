"""One thing to predict on, by the name its row will have."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Item:
    """An image file, or the values of an image; a text or a pair; or something that is none of them, and why."""

    name: str
    path: str | None = None
    values: np.ndarray | None = None
    """[height, width], or [height, width, 1 to 4 channels]; of a sound [samples] or [samples, channels]."""
    rate: int | None = None
    """Samples a second of a sound's values; None where nothing says it."""
    texts: tuple[str, ...] | None = None
    problem: str | None = None


@dataclass(frozen=True)
class Listing:
    """What an input holds."""

    items: Iterable[Item]
    count: int | None
    """How many there are; None where only reading them all would tell."""
    notes: tuple[str, ...] = ()
    """Sentences the user should read: what was left out."""


def list_problem(name: str, problem: str) -> Listing:
    """Return the listing of an input that cannot be read."""
    return Listing([Item(escape_name(name), problem=problem)], 1)


def escape_name(name: str) -> str:
    """Return a file's name as text that can be written: bytes that are no UTF-8 become escapes."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")
