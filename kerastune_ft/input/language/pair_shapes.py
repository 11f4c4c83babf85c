"""Chooses the few shapes that two rows of tokens are padded to together: each is compiled once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kerastune_ft.input.texts.lengths import MOST_LENGTHS, round_up

Shape = tuple[int, int]
"""The positions of the row that is read, and of the row that is written."""

# Edges that are tried for each of the two, at even shares of the examples.
_EDGES = 12
# A further shape is added where it saves this share of an epoch's tokens, and this number; each costs a compilation.
_WORTH, _LEAST = 0.05, 4096


def choose_shapes(sources: np.ndarray, targets: np.ndarray, longest: Shape) -> tuple[Shape, ...]:
    """Return at most four shapes, smallest first, that waste little padding on rows of these lengths.

    The last is `longest`, into which every row fits; the lengths of others are multiples of 8. One after the other the
    shape is added that saves most tokens of both rows together. They depend on the lengths alone.
    """
    tried = [(one, other) for one in _find_edges(sources, longest[0]) for other in _find_edges(targets, longest[1])]
    fits = np.array([(sources <= one) & (targets <= other) for one, other in tried])
    sizes = np.array([one + other for one, other in tried])
    costs = np.full(len(sources), sum(longest))
    chosen = [longest]
    while len(chosen) < MOST_LENGTHS:
        saved = np.where(fits, np.maximum(costs - sizes[:, np.newaxis], 0), 0).sum(1)
        best = int(saved.argmax())
        if saved[best] < max(_WORTH * costs.sum(), _LEAST):
            break
        chosen.append(tried[best])
        costs = np.where(fits[best], np.minimum(costs, sizes[best]), costs)
    return tuple(sorted(chosen, key=lambda shape: (sum(shape), shape)))


def assign_shapes(sources: np.ndarray, targets: np.ndarray, shapes: Sequence[Shape]) -> np.ndarray:
    """Return for each example the number of the first shape that both of its rows fit into; others get the last."""
    found = np.full(len(sources), len(shapes) - 1)
    for number in reversed(range(len(shapes))):
        found[(sources <= shapes[number][0]) & (targets <= shapes[number][1])] = number
    return found


def _find_edges(lengths: np.ndarray, longest: int) -> list[int]:
    """Return lengths, multiples of 8 up to the longest, that even shares of the rows do not exceed."""
    shares = np.quantile(lengths, np.linspace(0, 1, _EDGES + 1)[1:], method="higher")
    return sorted({min(longest, round_up(int(share))) for share in shares} | {longest})
