"""Dividing the examples of every class by the same shares, in whole numbers.

A class of n examples gets n times a share in a part, rounded down or up, and at least one in every part where it has as
many examples as there are parts. Which numbers are rounded up is decided for all classes together: the parts are as
near their shares as that allows, and of such roundings the one with the least squared differences is taken. It is a
flow of least cost from classes to parts, so that cycles of negative cost lead to it. Neither names nor the order of
classes matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# Sizes of parts come before single classes. Smaller gains than this are those of rounding.
_FIRST, _GAIN = 1e4, 1e-4
_DIGITS = 9


def round_shares(sizes: Sequence[int], shares: Sequence[float] | np.ndarray) -> np.ndarray:
    """Return how many examples of each class go into each part, int64 [classes, parts]; `shares` sum to 1."""
    wanted = np.asarray(shares, np.float64)
    distinct, row_of = np.unique(np.asarray(sizes, np.int64), return_inverse=True)
    plans = [_Plan.make(int(size), wanted) for size in distinct]
    least = np.stack([plan.least for plan in plans])
    members = np.bincount(row_of, minlength=len(distinct))
    extra = _choose_extra(plans, members)
    result = least[row_of]
    for number, rows in enumerate(np.split(np.argsort(row_of, kind="stable"), np.cumsum(members)[:-1])):
        # Dealt out in turn, no class gets two of one part: a part has at most one for each class.
        parts = np.repeat(np.arange(len(wanted)), extra[number])
        np.add.at(result, (rows[np.arange(len(parts)) % len(rows)], parts), 1)
    return result


def fair_amounts(items: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return how many items of each class each part should have, float64 [classes, parts].

    That is by the shares, but one where a share is less and there are enough items for all parts; what this takes is
    taken from the other parts by their shares.
    """
    found = np.outer(items, shares)
    for row in np.flatnonzero(items >= len(shares)):
        least = np.zeros(len(shares), bool)
        while (small := (found[row] < 1) & ~least).any():
            least |= small
            found[row] = np.where(least, 1, (items[row] - least.sum()) * shares / max(shares[~least].sum(), 1e-12))
    return found


@dataclass(frozen=True)
class _Plan:
    """The division of all classes of one size, but for examples that may go to one part or another."""

    least: np.ndarray
    """The number of examples that each part gets for certain, int64 [parts]."""
    left: np.ndarray
    """What is missing to the share of each part, from 0 to 1; -1 where it gets no more."""
    spare: int
    """The number of examples left for the parts."""

    @classmethod
    def make(cls, size: int, shares: np.ndarray) -> _Plan:
        wanted = np.round(size * shares, _DIGITS)
        lowest = 1 if size >= len(shares) else 0
        least = np.maximum(np.floor(wanted), lowest).astype(np.int64)
        while least.sum() > size:
            richest = np.where(least > lowest, least - wanted, -np.inf)
            least[len(least) - 1 - int(np.argmax(richest[::-1]))] -= 1
        spare = size - int(least.sum())
        return cls(least, np.where((wanted > least) & (spare > 0), wanted - least, -1.0), spare)


def _choose_extra(plans: Sequence[_Plan], members: np.ndarray) -> np.ndarray:
    """Return how many of the classes of each size get an example more in each part, int64 [sizes, parts]."""
    left = np.stack([plan.left for plan in plans])
    free = np.maximum(left, 0)
    spare = np.array([plan.spare for plan in plans])
    fair = free * (spare / np.maximum(free.sum(axis=1), 1e-12))[:, np.newaxis] * members[:, np.newaxis]
    most = np.where(left > 0, members[:, np.newaxis], 0)
    extra = np.minimum(np.floor(np.round(fair, _DIGITS)).astype(np.int64), most)
    # What a part lacks in one size it is ahead for in the next, so that little is left to improve.
    owed = np.zeros(left.shape[1])
    for row, missing in enumerate(members * spare - extra.sum(axis=1)):
        owed += fair[row] - extra[row]
        for _ in range(missing):
            behind = np.where(extra[row] < most[row], owed, -np.inf)
            first = int(np.argmax(np.round(behind, _DIGITS)))
            extra[row, first] += 1
            owed[first] -= 1
    goals = np.round(fair.sum(axis=0), _DIGITS)
    while _improve(extra, most, left, goals):
        pass
    return extra


def _improve(extra: np.ndarray, most: np.ndarray, left: np.ndarray, goals: np.ndarray) -> bool:
    """Move single examples between parts along a cycle of negative cost; tell whether there was one.

    The nodes are the parts, and one that stands for their sizes: by way of it a part may lose what another gains.
    """
    parts = len(goals)
    costs = np.full((parts + 1, parts + 1), np.inf)
    rows = np.zeros((parts, parts), np.int64)
    able = np.where(extra < most, -left, np.inf)
    for source in range(parts):
        held = np.flatnonzero(extra[:, source])
        if len(held):
            change = 2 * (left[held, source, np.newaxis] + able[held])
            rows[source] = held[np.argmin(change, axis=0)]
            costs[source, :parts] = change.min(axis=0)
    np.fill_diagonal(costs, np.inf)
    over = extra.sum(axis=0) - goals
    costs[parts, :parts] = _FIRST * (1 - 2 * over)
    costs[:parts, parts] = _FIRST * (1 + 2 * over)
    cycle = _find_negative_cycle(costs)
    for source, target in zip(cycle, cycle[1:] + cycle[:1], strict=True):
        if parts not in (source, target):
            extra[rows[source, target], source] -= 1
            extra[rows[source, target], target] += 1
    return bool(cycle)


def _find_negative_cycle(costs: np.ndarray) -> list[int]:
    """Return the nodes in order of a cycle whose costs sum to less than nothing (Bellman and Ford), if there is one."""
    count = len(costs)
    distance, before = np.zeros(count), np.full(count, -1)
    changed = -1
    for _ in range(count + 1):
        paths = distance[:, np.newaxis] + costs
        best = np.argmin(paths, axis=0)
        shorter = paths[best, np.arange(count)] < distance - _GAIN / count
        if not shorter.any():
            return []
        distance = np.where(shorter, paths[best, np.arange(count)], distance)
        before[shorter] = best[shorter]
        changed = int(np.flatnonzero(shorter)[0])
    for _ in range(count):
        changed = int(before[changed])
    cycle = [changed]
    while (node := int(before[cycle[-1]])) != changed:
        cycle.append(node)
    cycle.reverse()
    total = sum(costs[source, target] for source, target in zip(cycle, cycle[1:] + cycle[:1], strict=True))
    return cycle if total < -_GAIN else []
