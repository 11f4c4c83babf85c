"""Chooses the few lengths that rows of tokens are padded to: each is compiled once, and together they save padding."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

MOST_LENGTHS = 4
_STEP = 8
# Another length is added where it saves this share of an epoch's tokens, and this number; each costs a compilation.
_WORTH, _LEAST = 0.05, 4096


def choose_lengths(lengths: np.ndarray, longest: int) -> tuple[int, ...]:
    """Return at most four padded lengths, ascending, that waste the least padding on rows of `lengths`.

    The last is `longest`, the others are multiples of 8. They depend on the lengths alone, so the same data always gets
    the same.
    """
    return _choose_edges(np.array([*range(_STEP, longest, _STEP), longest]), np.minimum(lengths, longest), _LEAST)


def choose_counts(counts: np.ndarray, most: int, length: int) -> tuple[int, ...]:
    """Return at most four numbers of windows, ascending, that waste the fewest of them on rows of `counts` windows.

    The last is `most`; a window has `length` tokens.
    """
    return _choose_edges(np.arange(1, most + 1), counts, _LEAST / length)


def _choose_edges(edges: np.ndarray, sizes: np.ndarray, least: float) -> tuple[int, ...]:
    """Return at most four of the edges, the last included; another one must save `least` at least."""
    # The number of rows by the first edge that they fit below.
    counts = np.bincount(np.searchsorted(edges, sizes), minlength=len(edges))
    chosen, cost = _find_best_edges(edges, counts, 1)
    for number in range(2, min(MOST_LENGTHS, len(edges)) + 1):
        more, less = _find_best_edges(edges, counts, number)
        if cost - less < max(_WORTH * cost, least):
            break
        chosen, cost = more, less
    return tuple(int(edge) for edge in chosen)


def round_up(length: int) -> int:
    """Return a length rounded up to a multiple of 8."""
    return -(-length // _STEP) * _STEP


def _find_best_edges(edges: np.ndarray, counts: np.ndarray, number: int) -> tuple[Sequence[int], int]:
    """Return the best `number` edges, the last one included, and the number of tokens that they compute."""
    below = np.concatenate([[0], np.cumsum(counts)])
    # For each last edge: the fewest tokens for all rows up to it, and the edges that reach it.
    best: dict[int, tuple[int, tuple[int, ...]]] = {
        place: (int(below[place + 1] * edges[place]), (int(edges[place]),)) for place in range(len(edges))
    }
    for _ in range(number - 1):
        best = {
            place: min(
                (cost + int((below[place + 1] - below[before + 1]) * edges[place]), (*taken, int(edges[place])))
                for before, (cost, taken) in best.items()
                if before < place
            )
            for place in range(len(edges))
            if any(before < place for before in best)
        }
    cost, taken = best[len(edges) - 1]
    return taken, cost


def assign_buckets(lengths: np.ndarray, edges: Sequence[int]) -> np.ndarray:
    """Return for each row the number of the first edge that it fits below; longer rows get the last."""
    return np.minimum(np.searchsorted(np.asarray(edges), lengths), len(edges) - 1)
