"""Texts that are nearly the same: MinHash signatures in bands find candidates, the texts themselves decide.

Broder, "On the resemblance and containment of documents", 1997. A text is known by its shingles, all runs of four
letters; two texts are as alike as the share of shingles they have in common (Jaccard). Texts whose signatures agree in
a band are candidates; in a band that many share, as short texts do, only those beside each other in order are, so that
the number of candidates never exceeds a multiple of the number of texts.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

import numpy as np

from kerastune_ft.data.texts.blank import SHAPELESS

ALIKE = 0.7
"""The share of shingles that two texts have in common from which on they are nearly the same."""
_LETTERS = 4
_BANDS, _ROWS = 20, 4
_PRIME = (1 << 31) - 1
# Of the texts that share a band each is compared with so many that follow it.
_FOLLOWING = 6
# Categories of Unicode: punctuation, separators, controls and accents by themselves; and what is not seen at all.
_BLANK, _UNSEEN = ("P", "Z", "Cc", "Sk"), "Cf"


def normalise_text(text: str) -> str:
    """Return a text as what it says: without differences of case, width, marks of punctuation and blanks.

    Vowel signs, which many scripts write as marks, and signs such as emoji, plus and currencies count.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(folded.translate(_WRITTEN).split()) or " ".join(text.split())


class _Written(dict[int, str]):
    """What is kept of a character, by its number: itself, a blank, or nothing."""

    def __missing__(self, number: int) -> str:
        letter = chr(number)
        category = unicodedata.category(letter)
        self[number] = (
            "" if category == _UNSEEN or letter in SHAPELESS else " " if category.startswith(_BLANK) else letter
        )
        return self[number]


_WRITTEN = _Written()


def find_alike(texts: Sequence[str], least: float = ALIKE) -> list[tuple[int, int, float]]:
    """Return the pairs of texts (normalised) of which at least this share of shingles is common, and the share."""
    shingles = [_list_shingles(text) for text in texts]
    signatures = _sign(shingles)
    found = []
    for first, second in sorted(_list_candidates(signatures)):
        share = _measure_common(shingles[first], shingles[second])
        if share >= least:
            found.append((first, second, share))
    return found


def measure_alike(one: str, other: str) -> float:
    """Return the share of shingles that two texts (normalised) have in common."""
    return _measure_common(_list_shingles(one), _list_shingles(other))


def _list_shingles(text: str) -> np.ndarray:
    """Return the distinct shingles of a text as sorted numbers; a short text is one shingle."""
    letters = np.frombuffer(f" {text} ".encode("utf-32-le"), np.uint32).astype(np.uint64)
    if len(letters) <= _LETTERS:
        letters = np.pad(letters, (0, _LETTERS + 1 - len(letters)))
    mixed = np.zeros(len(letters) - _LETTERS + 1, np.uint64)
    for place in range(_LETTERS):
        mixed = mixed * np.uint64(1_000_003) + letters[place : place + len(mixed)]
    return np.unique(mixed % np.uint64(_PRIME))


def _sign(shingles: Sequence[np.ndarray]) -> np.ndarray:
    """Return the signatures, int64 [texts, bands * rows]: the least of the shingles in each of as many orders."""
    drawn = np.random.default_rng(0)
    factors = drawn.integers(1, _PRIME, _BANDS * _ROWS).astype(np.uint64)
    offsets = drawn.integers(0, _PRIME, _BANDS * _ROWS).astype(np.uint64)
    starts = np.cumsum([0, *(len(each) for each in shingles[:-1])])
    every = np.concatenate(shingles)
    signatures = np.empty((len(shingles), _BANDS * _ROWS), np.int64)
    for number, (factor, offset) in enumerate(zip(factors, offsets, strict=True)):
        # Below 2^62, so that nothing overflows.
        signatures[:, number] = np.minimum.reduceat((every * factor + offset) % np.uint64(_PRIME), starts)
    return signatures


def _list_candidates(signatures: np.ndarray) -> set[tuple[int, int]]:
    """Return the pairs of texts that may be alike, at most `_FOLLOWING` for each text and band."""
    found: set[tuple[int, int]] = set()
    for band in range(_BANDS):
        own = signatures[:, band * _ROWS : (band + 1) * _ROWS]
        # Within a band in the order of the whole signature, so that the most alike lie beside each other.
        order = np.lexsort([*np.roll(signatures, -(band + 1) * _ROWS, axis=1).T, *own.T[::-1]])
        same = np.concatenate([[False], (own[order[1:]] == own[order[:-1]]).all(axis=1)])
        for run in _list_runs(same):
            members = order[run]
            for place, first in enumerate(members):
                for second in members[place + 1 : place + 1 + _FOLLOWING]:
                    found.add((int(min(first, second)), int(max(first, second))))
    return found


def _list_runs(same: np.ndarray) -> Iterator[slice]:
    """Yield the runs of two or more in which each but the first is the same as the one before."""
    starts = np.flatnonzero(~same)
    for start, end in zip(starts, [*starts[1:], len(same)], strict=True):
        if end - start > 1:
            yield slice(int(start), int(end))


def _measure_common(first: np.ndarray, second: np.ndarray) -> float:
    common = len(np.intersect1d(first, second, assume_unique=True))
    return common / (len(first) + len(second) - common)
