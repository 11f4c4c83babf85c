"""Placing indivisible items so that every part gets its share of examples and of each class.

Each item (a group, or an example of several classes) starts where the order of items puts it within its rarest class.
Then items move, or exchange their places, while that brings the parts nearer to their shares, so that most stay where
their own name puts them when data is added. Distance is measured as in a chi-square test, which asks more of rare
classes and small parts; a class missing from a part counts extra.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

_NEVER = 1e12
"""The cost of an empty part and a class missing from train: more than any distance."""
_LACK, _LEAST_LACK = 1 / 15, 10.0
"""The cost of a class missing from another part, by number of examples, and at least: as much as a part that should
have 15 % of them and has 10 points more or less. So a huge group does not get into a small part for a rare class."""
_PATIENCE = 25
_MOVES = 3000
_EXCHANGES = 1_000_000
"""Up to so many pairs of items, times columns, exchanges are tried; among more items single moves do as well."""


@dataclass(frozen=True)
class Items:
    """Examples of each item, in all and by class: a sparse matrix, a row per item.

    Column 0 counts all examples of the item, so no row is empty; the others belong to classes.
    """

    rows: np.ndarray
    columns: np.ndarray
    amounts: np.ndarray
    starts: np.ndarray
    """The start of each row."""
    totals: np.ndarray
    """One for each column."""

    @classmethod
    def gather(cls, item_of: np.ndarray, positions: np.ndarray, classes: np.ndarray, number: int) -> Items:
        """Return items from the item of every example and the pairs of example and class."""
        width = number + 1
        cells = np.concatenate([item_of * width, item_of[positions] * width + 1 + classes])
        found, amounts = np.unique(cells, return_counts=True)
        rows, columns = np.divmod(found, width)
        starts = np.flatnonzero(np.diff(rows, prepend=-1))
        totals = np.bincount(columns, amounts, minlength=width)
        return cls(rows, columns, amounts.astype(np.float64), starts, totals)

    def row_sums(self, by_column: np.ndarray) -> np.ndarray:
        """Return by item the sum of its amounts times a number by column."""
        return np.add.reduceat(self.amounts * by_column[self.columns], self.starts)

    def row(self, item: int) -> slice:
        """Return where an item's cells are."""
        stop = self.starts[item + 1] if item + 1 < len(self.starts) else len(self.rows)
        return slice(self.starts[item], stop)


def apportion(
    items: Items, shares: Mapping[str, float], are_classes: bool, goals: np.ndarray | None = None
) -> np.ndarray:
    """Return the part of every item, by number; the order of items breaks ties.

    With `are_classes` no part goes without a class that has enough items, `train` least of all. `goals` are the
    examples that each part should have, [parts, columns]; without them those are the shares of all.
    """
    weights = np.array(list(shares.values()), np.float64)
    lack = np.zeros((len(shares), len(items.totals)))
    if are_classes:
        lack[:] = max(_LEAST_LACK, _LACK * items.totals[0])
        lack[[name == "train" for name in shares]] = _NEVER
    lack[:, 0] = _NEVER
    wanted = np.outer(weights, items.totals) if goals is None else goals
    state = _State(items, weights, wanted, _place_by_rarest(items, weights), lack * (items.totals > 0))
    moves = _MOVES
    while moves > 0:
        made, gained = _pass(state, moves)
        moves -= made
        if not gained and not _exchange_best(state):
            break
    return state.place


def _place_by_rarest(items: Items, shares: np.ndarray) -> np.ndarray:
    """Cut the items of each rarest class, in order, where the shares of the class end."""
    rank = np.empty(len(items.totals), np.int64)
    rank[np.lexsort((np.arange(len(rank)) == 0, items.totals))] = np.arange(len(rank))
    rarest = np.minimum.reduceat(rank[items.columns], items.starts)
    amounts = items.amounts[rank[items.columns] == rarest[items.rows]]
    order = np.argsort(rarest, kind="stable")
    before = np.cumsum(amounts[order]) - amounts[order]
    begins = np.flatnonzero(np.diff(rarest[order], prepend=-1))
    lengths = np.diff(np.append(begins, len(order)))
    totals = np.add.reduceat(amounts[order], begins)
    middle = before - np.repeat(before[begins], lengths) + amounts[order] / 2
    place = np.empty(len(order), np.int64)
    cuts = np.cumsum(shares)[:-1] / shares.sum()
    place[order] = np.searchsorted(cuts, np.round(middle / np.repeat(totals, lengths), 12), side="right")
    return place


class _State:
    """The place of each item, the content of each part, and the change by any move."""

    def __init__(self, items: Items, shares: np.ndarray, wanted: np.ndarray, place: np.ndarray, lack: np.ndarray):
        self.items, self.shares, self.wanted, self.place, self.lack = items, shares, wanted, place, lack
        self._scale = 1 / np.maximum(items.totals, 1)
        self._own = np.add.reduceat(items.amounts**2 * self._scale[items.columns], items.starts)
        self._largest = np.zeros(len(items.totals))
        np.maximum.at(self._largest, items.columns, items.amounts)
        cells = place[items.rows] * len(items.totals) + items.columns
        size = len(shares) * len(items.totals)
        self.held = np.bincount(cells, items.amounts, minlength=size).reshape(len(shares), -1)
        excess = (self.held - wanted) * self._scale
        self._pull = np.stack([items.row_sums(row) for row in excess], axis=1)

    def changes(self) -> np.ndarray:
        """Return [items, parts]: how much the distance grows where the item goes to the part; inf where it is."""
        every = np.arange(len(self.place))
        into = (self._own[:, None] + 2 * self._pull) / self.shares
        out = (self._own - 2 * self._pull[every, self.place]) / self.shares[self.place]
        found = into + out[:, None] + self._lack_costs()
        found[every, self.place] = np.inf
        return found

    def _lack_costs(self) -> np.ndarray:
        """Return what every move costs by taking the last of a class away, less what it brings where there is none."""
        found = np.zeros((len(self.place), len(self.shares)))
        risk = self.lack.any(axis=0) & (self.held.min(axis=0) <= self._largest)
        cells = np.flatnonzero(risk[self.items.columns])
        rows, columns, amounts = (part[cells] for part in (self.items.rows, self.items.columns, self.items.amounts))
        last = self.held[self.place[rows], columns] == amounts
        found += np.bincount(rows, last * self.lack[self.place[rows], columns], minlength=len(found))[:, None]
        for part, cost in enumerate(self.lack * (self.held == 0)):
            found[:, part] -= np.bincount(rows, cost[columns], minlength=len(found))
        return found

    def costs(self, held: np.ndarray, parts: np.ndarray) -> np.ndarray:
        """Return what it would cost if these parts, a row each, held so much."""
        distance = (held - self.wanted[parts]) ** 2 * self._scale / self.shares[parts][:, None]
        lacking = ((held == 0) * self.lack[parts]).sum(axis=1)
        return distance.sum(axis=1) + lacking

    def move(self, item: int, part: int) -> None:
        """Put an item into a part."""
        row = self.items.row(item)
        columns, amounts = self.items.columns[row], self.items.amounts[row]
        change = np.zeros(len(self.items.totals))
        change[columns] = amounts * self._scale[columns]
        pull = self.items.row_sums(change)
        before = self.place[item]
        self.held[before, columns] -= amounts
        self.held[part, columns] += amounts
        self._pull[:, before] -= pull
        self._pull[:, part] += pull
        self.place[item] = part


def _exchange_best(state: _State) -> bool:
    """Exchange the two items of different parts that bring most by it; tell whether there are any."""
    items, place = state.items, state.place
    if len(place) * (len(place) - 1) // 2 * len(items.totals) > _EXCHANGES:
        return False
    first, second = np.triu_indices(len(place), 1)
    apart = place[first] != place[second]
    first, second = first[apart], second[apart]
    dense = np.zeros((len(place), len(items.totals)))
    dense[items.rows, items.columns] = items.amounts
    change = dense[second] - dense[first]
    growth = np.zeros(len(first))
    for parts, gets in ((place[first], change), (place[second], -change)):
        growth += state.costs(state.held[parts] + gets, parts) - state.costs(state.held[parts], parts)
    best = int(np.argmin(np.round(growth, 9))) if len(growth) else 0
    if not len(growth) or growth[best] > -1e-9:
        return False
    one, other = int(first[best]), int(second[best])
    target = int(place[other])
    state.move(other, int(place[one]))
    state.move(one, target)
    return True


def _pass(state: _State, limit: int) -> tuple[int, bool]:
    """Make the best moves one after the other, each item once, and take back those after the best point.

    Going on for a while past moves that make it worse finds exchanges of several items.
    """
    trail: list[tuple[int, int]] = []
    locked = np.zeros(len(state.place), bool)
    gain = best = 0.0
    kept = 0
    while len(trail) < min(limit, len(locked)) and len(trail) - kept < _PATIENCE:
        changes = state.changes()
        changes[locked] = np.inf
        item, part = divmod(int(np.argmin(np.round(changes, 9))), changes.shape[1])
        gain -= changes[item, part]
        trail.append((item, int(state.place[item])))
        locked[item] = True
        state.move(item, part)
        if gain > best + 1e-9:
            best, kept = gain, len(trail)
    for item, part in reversed(trail[kept:]):
        state.move(item, part)
    return len(trail), kept > 0
