"""Byte-pair encoding, which keras-hub itself computes with the library `tokenizers`: its own object, as a file."""

from __future__ import annotations

from typing import Any

from tokenizers import Tokenizer

from kerastune_ft.exporting.tokenizers.base import FOLDER, PortableTokenizer
from kerastune_ft.graph import keras_private

_FILE = f"{FOLDER}/tokenizer.json"


def make_portable(tokenizer: Any) -> PortableTokenizer:
    """Return the tokenizer as tokenizer.json; raise ConfigError where this keras-hub computes it in another way."""
    return from_json(keras_private.read_byte_pairs(tokenizer).encode())


def from_json(content: bytes) -> PortableTokenizer:
    """Return a tokenizer of the library `tokenizers` from the content of its file."""
    opened = Tokenizer.from_str(content.decode())
    return PortableTokenizer(
        {"library": "tokenizers", "file": _FILE},
        lambda text: list(opened.encode(text, add_special_tokens=False).ids),
        {_FILE: content},
    )
