"""The texts of tokens that are written, and where texts that end an answer stand in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

_INCOMPLETE = "\ufffd"


def decode(tokenizer: Any, tokens: Sequence[int] | np.ndarray) -> str:
    """Return the text of tokens by a tokenizer of keras-hub; bytes that are no text become U+FFFD.

    So do tokens that it does not know, of a model whose vocabulary is larger than that of its tokenizer.
    """
    known, size = [int(token) for token in tokens], tokenizer.vocabulary_size()
    ends = [place for place, token in enumerate(known) if token >= size]
    parts = [
        known[begin:end] for begin, end in zip([0, *(place + 1 for place in ends)], [*ends, len(known)], strict=True)
    ]
    return _INCOMPLETE.join(_decode_part(tokenizer, part) for part in parts)


def _decode_part(tokenizer: Any, tokens: Sequence[int]) -> str:
    if not tokens:
        return ""
    found = tokenizer.detokenize([list(tokens)])
    first = found[0] if isinstance(found, list | tuple) else found.numpy()[0]
    return first.decode("utf-8", "replace") if isinstance(first, bytes) else str(first)


def find_stop(text: str, stops: Sequence[str]) -> int | None:
    """Return where the first of some texts begins in a text; None where none is in it."""
    places = [place for stop in stops if stop and (place := text.find(stop)) >= 0]
    return min(places, default=None)


def find_sure_part(text: str, stops: Sequence[str]) -> str:
    """Return as much of a text that is still written as later tokens cannot change.

    Its end may be the beginning of a text that ends it, or of a letter of several bytes.
    """
    held = max((_count_overlap(text, stop) for stop in stops), default=0)
    return text[: len(text) - held].rstrip(_INCOMPLETE)


def _count_overlap(text: str, stop: str) -> int:
    """Return how many characters at the end of a text are the beginning of another."""
    return next((size for size in range(min(len(stop), len(text)), 0, -1) if text.endswith(stop[:size])), 0)
