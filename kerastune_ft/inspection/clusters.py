"""Copies of copies: examples that are joined by being copies, exact or near, of each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np


def join_pairs(count: int, pairs: Iterable[tuple[int, int]]) -> np.ndarray:
    """Return for each of `count` examples the lowest position it is joined to by pairs, int64: its own where alone."""
    parent = np.arange(count, dtype=np.int64)

    def find(position: int) -> int:
        while parent[position] != position:
            parent[position] = parent[parent[position]]
            position = int(parent[position])
        return position

    for first, second in pairs:
        low, high = sorted((find(first), find(second)))
        parent[high] = low
    return np.array([find(position) for position in range(count)], np.int64)


def list_clusters(lowest: np.ndarray) -> list[list[int]]:
    """Return the positions of each cluster of two or more, given what `join_pairs` returned."""
    order = np.argsort(lowest, kind="stable")
    starts = np.flatnonzero(np.diff(lowest[order], prepend=-1))
    parts = np.split(order, starts[1:])
    return [part.tolist() for part in parts if len(part) > 1]


def pair_equal(values: Sequence[Any]) -> list[tuple[int, int]]:
    """Return each later position of a value with the first one, lowest first."""
    first: dict[Any, int] = {}
    return [
        (first[value], position)
        for position, value in enumerate(values)
        if first.setdefault(value, position) != position
    ]
