"""Cuts a text that another is written for: of the text the end is lost, and what is written is kept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kerastune_ft.input.language.rows import DialogueRows, join_rows
from kerastune_ft.input.language.template import Segment

_Row = tuple[np.ndarray, np.ndarray]


def pack_pairs(
    segments: Sequence[Sequence[Segment]],
    encoded: Sequence[Sequence[np.ndarray]],
    limit: int,
    target_length: int | None = None,
) -> DialogueRows:
    """Return rows of at most `limit` positions of a text and what is written for it.

    `segments` are those of a question and its answer, `encoded` their tokens. What is written loses its end beyond
    `target_length` tokens, with the one that ends it. A row that is too long loses the end of the text, of which the
    beginning says most, and only then that of what is written. What the template has around them is kept.
    """
    whole = [_join(own, parts) for own, parts in zip(segments, encoded, strict=True)]
    pairs = zip(segments, encoded, strict=True)
    return join_rows(whole, [_join(own, shorten(own, parts, limit + 1, target_length)) for own, parts in pairs])


def shorten(
    segments: Sequence[Segment], parts: Sequence[np.ndarray], most: int, target_length: int | None = None
) -> list[np.ndarray]:
    """Return the tokens of the segments of a text, and of what is written for it if that is there, `most` in all."""
    found = list(parts)
    of_source = [place for place, each in enumerate(segments) if not (each.is_of_template or each.is_learnt)]
    of_target = [place for place, each in enumerate(segments) if each.is_learnt and not each.is_of_template]
    if target_length is not None:
        written = sum(len(part) for part, each in zip(parts, segments, strict=True) if each.is_learnt)
        _drop_ends(found, of_target, written - target_length)
    _drop_ends(found, of_source, sum(map(len, found)) - most)
    _drop_ends(found, of_target, sum(map(len, found)) - most)
    return found


def _drop_ends(parts: list[np.ndarray], places: Sequence[int], excess: int) -> None:
    """Remove as many tokens from the ends of some parts, the last of them first."""
    for place in reversed(places):
        lost = max(0, min(excess, len(parts[place])))
        parts[place] = parts[place][: len(parts[place]) - lost]
        excess -= lost


def _join(segments: Sequence[Segment], parts: Sequence[np.ndarray]) -> _Row:
    flags = [np.full(len(part), each.is_learnt, np.uint8) for part, each in zip(parts, segments, strict=True)]
    return np.concatenate([np.zeros(0, np.int32), *parts]), np.concatenate([np.zeros(0, np.uint8), *flags])
