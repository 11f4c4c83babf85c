"""What a tokenizer becomes in an export: an entry of preprocessing.json, and the files that it names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Encode = Callable[[str], list[int]]
"""Returns the ids of a text, without special tokens."""


@dataclass(frozen=True)
class PortableTokenizer:
    """A tokenizer as a library other than keras-hub opens it."""

    about: Mapping[str, Any]
    """The entry `tokenizer` of preprocessing.json: `library`, the file, and what to do with its ids."""
    encode: Encode
    """The tokenizer itself, opened from its files by that library."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """The content of its files, by path in the export."""


FOLDER = "tokenizer"
"""The folder of an export that holds the files of a tokenizer."""
