"""Blocks of long texts, which are learnt one by one: where a text is divided, and how its blocks are named."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence

Span = tuple[int, int]
"""The first character of a block, and the one behind its last."""
Divide = Callable[[Sequence[str], Sequence[str]], list[list[Span]]]
"""Returns the blocks of each text, in order and without a gap, given the keys of the texts and these."""

# A word with what parts it from the one before; one without blanks for long, as in Chinese, is taken in pieces.
_WORD = re.compile(r"\s*\S{1,16}|\s+\Z")
_NAME = re.compile(r"(.*)\[(\d+):(\d+)\]", re.DOTALL)


def fill_blocks(texts: Sequence[str], count: Callable[[Sequence[str]], Sequence[int]], most: int) -> list[list[Span]]:
    """Return the blocks of texts: as many whole words as have `most` tokens together.

    `count` returns the tokens of each of many pieces of text. Tokens of words are no fewer by themselves than side by
    side, so no block has more. A text of no more bytes than tokens are wanted is one block, and is not counted.
    """
    long = [text for text in texts if len(text.encode(errors="surrogatepass")) > most]
    words = list(dict.fromkeys(word for text in long for word in _WORD.findall(text)))
    sizes = dict(zip(words, count(words), strict=True)) if words else {}
    return [_fill(text, sizes, most) if text in set(long) else [(0, len(text))] for text in texts]


def _fill(text: str, sizes: dict[str, int], most: int) -> list[Span]:
    found: list[Span] = []
    start = end = tokens = 0
    for word in _WORD.finditer(text):
        size = sizes[word[0]]
        if tokens and tokens + size > most:
            found.append((start, end))
            start, tokens = end, 0
        end, tokens = word.end(), tokens + size
    return [*found, (start, len(text))]


def recall_blocks(recorded: Sequence[str]) -> Divide:
    """Return what divides texts as those were whose blocks, or which themselves, a run recorded by these keys."""
    known: defaultdict[str, list[Span]] = defaultdict(list)
    for key in recorded:
        if (found := find_block(key)) is not None:
            known[found[0]].append(found[1])

    def divide(keys: Sequence[str], texts: Sequence[str]) -> list[list[Span]]:
        return [_fit(sorted(known.get(key, ())), len(text)) for key, text in zip(keys, texts, strict=True)]

    return divide


def find_block(key: str) -> tuple[str, Span] | None:
    """Return the key of the text that a block is of, and where it lies there; None for a key that is of no block."""
    found = _NAME.fullmatch(key)
    return None if found is None else (found[1], (int(found[2]), int(found[3])))


def text_of_block(key: str) -> str | None:
    """Return the key of the text that a block is of; None for a key that is of no block."""
    found = find_block(key)
    return None if found is None else found[0]


def _fit(spans: Sequence[Span], length: int) -> list[Span]:
    """Return spans of a text that may have become longer or shorter since, which are to be all of it."""
    starts = [start for start, _ in spans if start < length] or [0]
    return list(zip(starts, [*starts[1:], length], strict=True))


def name_block(span: Span, count: int) -> str:
    """Return what is added to the key of a text for one of its blocks: nothing where it is the only one."""
    return "" if count == 1 else f"[{span[0]}:{span[1]}]"
