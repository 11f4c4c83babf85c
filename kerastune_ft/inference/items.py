"""Items to predict on, one for each row of predictions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kerastune_ft.storage import is_web_address
from kerastune_ft.wording import encode_text

ON_THE_WEB = "is an address of the web, where nothing is read; download it first, and give the file"
"""The problem of an input on the web."""


@dataclass(frozen=True)
class Item:
    """One input: a file, the values of an image or sound, a text or a pair, or the problem that prevents it."""

    name: str
    """The name in the row of predictions."""
    path: str | None = None
    """The file of an image or sound."""
    content: bytes | None = None
    """The content of such a file, where it is no file but was sent."""
    values: np.ndarray | None = None
    """An image [height, width] or [height, width, 1 to 4 channels], or a sound [samples] or [samples, channels]."""
    rate: int | None = None
    """Samples a second of a sound's values; None where it is unknown."""
    texts: tuple[str, ...] | None = None
    """One text, or the two of a pair."""
    parts: Mapping[str, Item] = field(default_factory=dict)
    """The pictures and the text of an example with several inputs, by the name of the input."""
    cells: Mapping[str, str] = field(default_factory=dict)
    """Its numbers and words as texts, by column."""
    problem: str | None = None
    """Why the item cannot be predicted on, for the cell `error`."""


@dataclass(frozen=True)
class Listing:
    """The items of one input."""

    items: Iterable[Item]
    count: int | None
    """The number of items; None where it is known only after reading them all."""
    notes: tuple[str, ...] = ()
    """Sentences for the user, such as which files were left out."""
    own: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    """The columns of a table, or other arrays of an .npz file, by name: a cell for each item, as the file has it."""


def make_file_item(name: str, path: str) -> Item:
    """Return the item of an image or sound file; of an address of the web one with a problem, as nothing is fetched."""
    shown = escape_name(name)
    return Item(shown, problem=ON_THE_WEB) if is_web_address(path) else Item(shown, path=path)


def list_problem(name: str, problem: str) -> Listing:
    """Return the listing of an input that cannot be read: one item with the problem."""
    return Listing([Item(escape_name(name), problem=problem)], 1)


def escape_name(name: str) -> str:
    """Return a file name as text that can be written: bytes that are not UTF-8 become escapes."""
    return encode_text(name).decode()
