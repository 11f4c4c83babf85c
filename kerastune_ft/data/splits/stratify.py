"""Dividing examples by shares, every class alike and every group whole.

An example's place depends on the split seed and its own key or group, with as little as possible on other examples:
not on the run's seed, the names and order of the classes or the order of the files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np

from kerastune_ft.data.labels.spelling import classes_that_merge, find_misspellings, quote
from kerastune_ft.data.splits.apportion import Items, apportion
from kerastune_ft.data.splits.examples import SplitExamples
from kerastune_ft.data.splits.shares import fair_amounts, round_shares
from kerastune_ft.errors import DataError
from kerastune_ft.wording import counted, first_names


def divide(
    examples: SplitExamples, indices: np.ndarray, shares: Mapping[str, float], *, stratify: bool = True, seed: int = 0
) -> dict[str, np.ndarray]:
    """Divide these examples by shares that sum to 1; with `stratify` every class is divided alike."""
    if examples.groups is not None or (stratify and examples.have_several):
        return _divide_items(examples, indices, shares, stratify, seed)
    return _divide_strata(examples, indices, shares, stratify, seed)


def check_divisible(examples: SplitExamples, indices: np.ndarray, into: str, parts: int, remedy: str) -> None:
    """Raise DataError where a class has fewer examples than there are parts."""
    if not examples.are_classes:
        return
    counts = examples.counts(indices)
    few = {name: count for name, count in counts.items() if count < parts}
    if few:
        raise DataError(
            f"data.splits: too few examples to divide into {into}: {_with_counts(few)}.\n"
            f"{_explain_misspelt(counts, few)}"
            f"Each class needs at least {parts}: add examples, drop the class, or {remedy}."
        )


def _explain_misspelt(counts: Mapping[str, int], few: Mapping[str, int]) -> str:
    wrong = find_misspellings(counts, few)
    if not wrong:
        return ""
    meant = first_names(f"by {quote(label)} did you mean {quote(right)}?" for label, right in wrong.items())
    return (
        f"{meant[0].upper()}{meant[1:]} Correct that in the data, or merge them with  "
        f"{classes_that_merge(counts, wrong)}  in task, which lists every label.\n"
    )


def check_groups_divisible(examples: SplitExamples, indices: np.ndarray, into: str, parts: int) -> None:
    """Raise DataError where there are fewer groups than parts."""
    groups = len(np.unique(examples.group_numbers[indices]))
    if groups < parts:
        raise DataError(
            f"data.group: {counted(groups, 'group')} cannot be divided into {into}, because a group is never divided.\n"
            f"At least {parts} are needed: add groups, ask for fewer parts, or remove group from data if its examples "
            "may be divided (DICOM files are grouped by patient; write a group of your own for other groups)."
        )


def _with_counts(few: Mapping[str, int]) -> str:
    return first_names(f"{name} ({count})" for name, count in few.items())


def _divide_strata(
    examples: SplitExamples, indices: np.ndarray, shares: Mapping[str, float], stratify: bool, seed: int
) -> dict[str, np.ndarray]:
    wanted = np.array(list(shares.values()), np.float64)
    members = {"": indices}
    if stratify:
        members = {name: indices[examples.strata[indices] == number] for number, name in enumerate(examples.names)}
    divided = (_divide_evenly if examples.rules.even_shares else _divide_in_turn)(examples.keys, members, wanted, seed)
    return {name: np.sort(part).astype(np.int64) for name, part in zip(shares, divided, strict=True)}


def _divide_evenly(
    keys: Sequence[str], members: Mapping[str, np.ndarray], shares: np.ndarray, seed: int
) -> list[np.ndarray]:
    """Divide each class by the shares, whatever it and the others are called."""
    ordered = [held[_shuffle([keys[index] for index in held], "", seed)] for held in members.values() if len(held)]
    # Of classes of one size, which must differ where they cannot be divided exactly, the examples decide.
    ordered.sort(key=lambda held: _rank(keys[held[0]], "", seed))
    counts = round_shares([len(held) for held in ordered], shares)
    pieces = [np.split(held, np.cumsum(row)[:-1]) for held, row in zip(ordered, counts, strict=True)]
    return [np.concatenate(part) for part in zip(*pieces, strict=True)]


def _divide_in_turn(
    keys: Sequence[str], members: Mapping[str, np.ndarray], shares: np.ndarray, seed: int
) -> list[np.ndarray]:
    """Divide as runs of the first rules: what one class has too much of, the next by name has too little of."""
    parts: list[list[np.ndarray]] = [[] for _ in shares]
    owed = np.zeros(len(shares))
    for stratum in sorted(members):
        held = members[stratum]
        ordered = held[_shuffle([keys[index] for index in held], stratum, seed)]
        counts = _apportion(len(ordered), shares, owed)
        owed += len(ordered) * shares - counts
        for pieces, part in zip(parts, np.split(ordered, np.cumsum(counts)[:-1]), strict=True):
            pieces.append(part)
    return [np.concatenate(pieces) for pieces in parts]


def _divide_items(
    examples: SplitExamples, indices: np.ndarray, shares: Mapping[str, float], stratify: bool, seed: int
) -> dict[str, np.ndarray]:
    """Divide groups, or examples of several classes, so that the parts come near the shares in everything."""
    if examples.groups is None:
        names, number = [examples.keys[index] for index in indices], np.arange(len(indices))
    else:
        held, number = np.unique(examples.group_numbers[indices], return_inverse=True)
        names = [examples.group_names[group] for group in held]
    order = _shuffle(names, "", seed)
    item_of = np.argsort(order)[number]
    positions, strata = _scarce(examples, indices) if stratify else (np.zeros(0, int), np.zeros(0, int))
    column_of = _order_columns(examples, item_of[positions], strata)
    items = Items.gather(item_of, positions, column_of[strata], len(examples.names))
    goals = None
    if examples.rules.even_shares and stratify and examples.are_classes:
        goals = _find_goals(examples, indices, items, column_of, np.array(list(shares.values())))
    place = apportion(items, shares, examples.are_classes, goals)[item_of]
    return {name: np.sort(indices[place == part]).astype(np.int64) for part, name in enumerate(shares)}


def _order_columns(examples: SplitExamples, items: np.ndarray, strata: np.ndarray) -> np.ndarray:
    """Return the place of each stratum in an order that the order of strata has no part in.

    So sums and ties come out the same. It is that of the items they have; by the first rules, that of their names.
    """
    if not examples.rules.even_shares:
        return np.argsort(np.argsort(examples.names, kind="stable"), kind="stable")
    order = np.lexsort((items, strata))
    ends = np.cumsum(np.bincount(strata, minlength=len(examples.names)))[:-1]
    held = [own.astype(">i8").tobytes() for own in np.split(items[order], ends)]
    column_of = np.empty(len(held), np.int64)
    column_of[sorted(range(len(held)), key=lambda place: (len(held[place]), held[place]))] = np.arange(len(held))
    return column_of


def _find_goals(
    examples: SplitExamples, indices: np.ndarray, items: Items, column_of: np.ndarray, shares: np.ndarray
) -> np.ndarray:
    """Return how many examples each part should have in all and of each column of the items, [parts, 1 + classes].

    Small classes need more than their shares in small parts. Parts grow by that, or else large classes would pay.
    """
    counts = np.array(list(examples.counts(indices).values()), np.float64)
    inverted = _are_inverted(examples, indices)
    holders = np.bincount(items.columns, minlength=len(counts) + 1)[1:][column_of]
    holders = np.where(inverted, len(items.starts), holders)
    goals = fair_amounts(holders, shares) * (counts / np.maximum(holders, 1))[:, np.newaxis]
    # An example of several classes makes up for a share of each.
    positions, strata = examples.members(indices)
    part_of = 1 / np.maximum(np.bincount(positions, minlength=len(indices)), 1)[positions]
    weights = np.bincount(strata, part_of, minlength=len(counts)) / np.maximum(counts, 1)
    total = len(indices) * shares
    total = np.maximum(total + weights @ (goals - np.outer(counts, shares)), total / 2)
    total *= len(indices) / total.sum()
    goals = np.where(inverted[:, np.newaxis], np.maximum(total - goals, 0), goals)
    found = np.empty((len(shares), len(counts) + 1))
    found[:, 0], found[:, 1 + column_of] = total, goals.T
    return found


def _are_inverted(examples: SplitExamples, indices: np.ndarray) -> np.ndarray:
    """Return by class whether most examples have it, so that those without it are what splits can differ in."""
    if not examples.have_several:
        return np.zeros(len(examples.names), bool)
    inverted: np.ndarray = examples.strata[indices].astype(bool).mean(axis=0) > 0.5
    return inverted


def _scarce(examples: SplitExamples, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the pairs of example and class, or of example and lack of a class that most examples have."""
    if not examples.have_several:
        return examples.members(indices)
    strata = examples.strata[indices].astype(bool)
    positions, columns = np.nonzero(strata ^ _are_inverted(examples, indices))
    return positions, columns


def _shuffle(names: Sequence[str], stratum: str, seed: int) -> np.ndarray:
    """Return the positions in an order that only the seed, the stratum's name and the names themselves decide."""
    return np.array(sorted(range(len(names)), key=lambda place: _rank(names[place], stratum, seed)), np.int64)


def _rank(name: str, stratum: str, seed: int) -> tuple[bytes, str]:
    """Return what decides the place of a name in the order."""
    return hashlib.sha256(f"{seed}\0{stratum}\0{name}".encode(errors="surrogateescape")).digest(), name


def _apportion(count: int, shares: np.ndarray, owed: np.ndarray) -> np.ndarray:
    """Divide `count` by largest remainder, paying back what earlier strata `owed`; nobody goes empty if it can be."""
    wanted = np.maximum(count * shares + owed, 0)
    wanted *= count / max(wanted.sum(), 1e-12)
    # Rounding first, so that 0.15 * 20 is 3 and not a little less.
    parts = np.floor(np.round(wanted, 9)).astype(np.int64)
    for split in np.argsort(-np.round(wanted - parts, 9), kind="stable")[: count - parts.sum()]:
        parts[split] += 1
    for split in np.flatnonzero((parts == 0) & (shares > 0)):
        richest = int(np.argmax(parts))
        if parts[richest] > 1:
            parts[richest] -= 1
            parts[split] += 1
    return parts
