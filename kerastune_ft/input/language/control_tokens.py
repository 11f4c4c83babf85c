"""The tokens of a tokenizer that are no text, such as those around the turns of a dialogue."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from kerastune_ft.input.texts.tokenise import tokenise_texts

# What such tokens look like, whatever the family: <|im_start|>, <start_of_turn>, </s>, [INST].
_LIKE_TOKENS = re.compile(r"<\|[^<>|\s]+\|>|</?[A-Za-z_][^<>\s]*>|\[/?[A-Z_]+\]")
# A text before another one, so that a tokenizer takes that for no beginning and puts no space before it.
_ANCHOR = "\n"


class ControlTokens:
    """The control tokens of a tokenizer by name, and texts as tokens without or with these."""

    def __init__(self, tokenizer: Any) -> None:
        """`tokenizer` is one of keras-hub."""
        self._tokenizer = tokenizer
        own = [
            *(getattr(tokenizer, "special_tokens", None) or ()),
            *(getattr(tokenizer, "unsplittable_tokens", None) or ()),
        ]
        self._ids: dict[str, int | None] = {}
        for name in own:
            self._look_up(str(name))
        self._anchor = self._find_anchor()

    def _look_up(self, name: str) -> int | None:
        """Return the id of a token by its name; None where the tokenizer has none of it."""
        if name not in self._ids:
            try:
                number = int(self._tokenizer.token_to_id(name))
                found = number if self._tokenizer.id_to_token(number) == name else None
            except (KeyError, ValueError, TypeError, AttributeError, NotImplementedError):
                found = None
            self._ids[name] = found
        return self._ids[name]

    def __contains__(self, name: str) -> bool:
        return self._look_up(name) is not None

    def __getitem__(self, name: str) -> int:
        number = self._look_up(name)
        if number is None:
            raise KeyError(name)
        return number

    def begins_with_one(self, text: str) -> bool:
        """Return whether a text of a template begins with a control token."""
        found = _LIKE_TOKENS.match(text)
        return found is not None and found[0] in self

    def find_lacking(self, text: str) -> list[str]:
        """Return what looks like a control token in a text of a template and is none of the tokenizer's."""
        return [found for found in dict.fromkeys(_LIKE_TOKENS.findall(text)) if found not in self]

    def find_first(self, text: str) -> str:
        """Return the first control token in a text of a template; empty where there is none."""
        return next((found for found in _LIKE_TOKENS.findall(text) if found in self), "")

    def _find_anchor(self) -> np.ndarray | None:
        """Return the tokens of the anchor, where a tokenizer that sets a space before texts keeps it apart."""
        if not hasattr(self._tokenizer, "proto"):
            return None
        alone = tokenise_texts(self._tokenizer, [_ANCHOR, f"{_ANCHOR}a", f"{_ANCHOR} a"])
        first = alone[0]
        keeps = all(np.array_equal(alone[number][: len(first)], first) for number in (1, 2))
        return first if keeps and len(first) else None

    @property
    def sets_space(self) -> bool:
        """Whether the tokenizer sets a space before a text, which may be a token of its own."""
        return self._anchor is not None

    def encode_texts(self, texts: Sequence[str], begins: bool = False) -> list[np.ndarray]:
        """Return the tokens of pieces of texts, none of which is a control token, whatever the texts say.

        A piece is taken for one that something stands before, with `begins` for the beginning of a text: tokenizers
        that set a space before texts do so then, unless the text begins with white space itself.
        """
        pieces = [self._take_apart(text) for text in texts]
        flat = [piece for each in pieces for piece in each]
        anchor = self._anchor
        bare = [
            anchor is None or (begins and not place and not piece[:1].isspace())
            for each in pieces
            for place, piece in enumerate(each)
        ]
        marked = [piece if is_bare else _ANCHOR + piece for piece, is_bare in zip(flat, bare, strict=True)]
        skipped = 0 if anchor is None else len(anchor)
        tokens = tokenise_texts(self._tokenizer, marked)
        found = [tokens[number][0 if is_bare else skipped :] for number, is_bare in enumerate(bare)]
        rows, at = [], 0
        for each in pieces:
            rows.append(np.concatenate([np.zeros(0, np.int32), *found[at : at + len(each)]]))
            at += len(each)
        return rows

    def _take_apart(self, text: str) -> list[str]:
        """Return a text in pieces in none of which the name of a control token is whole."""
        names = [name for name, number in self._ids.items() if number is not None and name in text]
        names += [name for name in _LIKE_TOKENS.findall(text) if name in self]
        if not names:
            return [text]
        pattern = "|".join(re.escape(name) for name in sorted(set(names), key=len, reverse=True))
        cuts = [0, *(found.start() + 1 for found in re.finditer(pattern, text)), len(text)]
        return [text[start:end] for start, end in itertools.pairwise(cuts) if start < end]

    def encode_template(self, text: str, begins: bool = False) -> np.ndarray:
        """Return the tokens of a text of a template, in which names of control tokens are these.

        `begins` says whether nothing stands before it.
        """
        rows, at = [np.zeros(0, np.int32)], 0
        for found in _LIKE_TOKENS.finditer(text):
            if found[0] not in self:
                continue
            rows += self.encode_texts([text[at : found.start()]], begins and not at) if found.start() > at else []
            rows.append(np.array([self[found[0]]], np.int32))
            at = found.end()
        return np.concatenate([*rows, *(self.encode_texts([text[at:]], begins and not at) if at < len(text) else [])])
