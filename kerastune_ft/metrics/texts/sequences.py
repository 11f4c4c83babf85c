"""What two sequences have in common, and how many changes lie between them; sequences of words, or of characters.

Both lengths are computed bit by bit in whole numbers of Python, which takes a pass over one of the sequences: Hyyrö,
Bit-parallel LCS-length computation revisited, 2004; Myers, A fast bit-vector algorithm for approximate string matching,
1999, in the form of Hyyrö, 2003.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence


def count_common_runs(one: Sequence[Hashable], other: Sequence[Hashable], length: int) -> int:
    """Return how many runs of `length` neighbours both have, one that occurs several times as often as both have it."""
    return (Counter(list_runs(one, length)) & Counter(list_runs(other, length))).total()


def list_runs(sequence: Sequence[Hashable], length: int) -> list[tuple[Hashable, ...]]:
    """Return the runs of `length` neighbours in order; none of a sequence that is shorter."""
    return [tuple(sequence[start : start + length]) for start in range(len(sequence) - length + 1)]


def common_length(one: Sequence[Hashable], other: Sequence[Hashable]) -> int:
    """Return the length of the longest common subsequence."""
    places = _find_places(one)
    full = (1 << len(one)) - 1
    free = full
    for item in other:
        matched = free & places.get(item, 0)
        free = (free + matched | free - matched) & full
    return len(one) - free.bit_count()


def count_edits(one: Sequence[Hashable], other: Sequence[Hashable]) -> int:
    """Return the fewest insertions, deletions and replacements that make one sequence the other (Levenshtein)."""
    if not one:
        return len(other)
    places = _find_places(one)
    full, last = (1 << len(one)) - 1, 1 << (len(one) - 1)
    # Where the distance rises and falls down a column of the table of distances.
    rises, falls, distance = full, 0, len(one)
    for item in other:
        matched = places.get(item, 0)
        diagonal = (((matched & rises) + rises) ^ rises) | matched | falls
        across_rises = falls | (full & ~(diagonal | rises))
        across_falls = rises & diagonal
        distance += bool(across_rises & last) - bool(across_falls & last)
        across_rises = (across_rises << 1 | 1) & full
        across_falls = across_falls << 1 & full
        rises = across_falls | (full & ~(diagonal | across_rises))
        falls = across_rises & diagonal
    return distance


def _find_places(sequence: Sequence[Hashable]) -> dict[Hashable, int]:
    """Return by item a number whose bit n is set where the item is at n."""
    places: dict[Hashable, int] = {}
    for number, item in enumerate(sequence):
        places[item] = places.get(item, 0) | 1 << number
    return places
