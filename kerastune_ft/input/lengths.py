"""The lengths that rows of tokens are padded to: few, so that little is compiled, and where they save most."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

MOST_LENGTHS = 4
_STEP = 8
# A length more is taken where it saves this share of the tokens of an epoch, and so many; each costs a compilation.
_WORTH, _LEAST = 0.05, 4096


def choose_lengths(lengths: np.ndarray, longest: int) -> tuple[int, ...]:
    """Return at most four lengths, ascending and `longest` the last, that waste least padding on rows of `lengths`.

    All but the last are multiples of 8. They follow from the lengths alone, so the same data gets the same.
    """
    edges = np.array([*range(_STEP, longest, _STEP), longest])
    # Rows by the first edge they fit below.
    counts = np.bincount(np.searchsorted(edges, np.minimum(lengths, longest)), minlength=len(edges))
    chosen, cost = _find_best_edges(edges, counts, 1)
    for number in range(2, min(MOST_LENGTHS, len(edges)) + 1):
        more, less = _find_best_edges(edges, counts, number)
        if cost - less < max(_WORTH * cost, _LEAST):
            break
        chosen, cost = more, less
    return tuple(int(edge) for edge in chosen)


def round_up(length: int) -> int:
    """Return the next length that rows are padded to."""
    return -(-length // _STEP) * _STEP


def _find_best_edges(edges: np.ndarray, counts: np.ndarray, number: int) -> tuple[Sequence[int], int]:
    """Return the best choice of so many edges, the last included, and the tokens it computes."""
    below = np.concatenate([[0], np.cumsum(counts)])
    # By the last edge taken: the least tokens of all rows up to it, and the edges.
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
    """Return by row the number of the first edge it fits below; rows longer than all are cut to the last."""
    return np.minimum(np.searchsorted(np.asarray(edges), lengths), len(edges) - 1)
