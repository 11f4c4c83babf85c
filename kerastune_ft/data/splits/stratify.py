"""Dividing examples by shares, every class alike and every group whole.

An example's place depends on the split seed, its class's name and its own key or group, with as little as possible on
other examples: not on the run's seed, the order of the classes or the order of the files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np

from kerastune_ft.data.labels.spelling import classes_that_merge, find_misspellings, quote
from kerastune_ft.data.splits.apportion import Items, apportion
from kerastune_ft.data.splits.examples import SplitExamples
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
            f"At least {parts} are needed: add groups, or remove group from data if its examples may be divided."
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
    parts: dict[str, list[np.ndarray]] = {name: [] for name in shares}
    owed = np.zeros(len(wanted))
    for stratum in sorted(members):
        held = members[stratum]
        ordered = held[_shuffle([examples.keys[index] for index in held], stratum, seed)]
        counts = _apportion(len(ordered), wanted, owed)
        owed += len(ordered) * wanted - counts
        for name, part in zip(shares, np.split(ordered, np.cumsum(counts)[:-1]), strict=True):
            parts[name].append(part)
    return {name: np.sort(np.concatenate(found)).astype(np.int64) for name, found in parts.items()}


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
    # By name, so that sums and ties come out the same in whatever order the classes are.
    column_of = np.argsort(np.argsort(examples.names, kind="stable"), kind="stable")
    items = Items.gather(item_of, positions, column_of[strata], len(examples.names))
    place = apportion(items, shares, examples.are_classes)[item_of]
    return {name: np.sort(indices[place == part]).astype(np.int64) for part, name in enumerate(shares)}


def _scarce(examples: SplitExamples, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the pairs of example and class, or of example and lack of a class that most examples have.

    Where nearly all have a class, those without it are what splits can differ in.
    """
    if not examples.have_several:
        return examples.members(indices)
    strata = examples.strata[indices].astype(bool)
    positions, columns = np.nonzero(strata ^ (strata.mean(axis=0) > 0.5))
    return positions, columns


def _shuffle(names: Sequence[str], stratum: str, seed: int) -> np.ndarray:
    """Return the positions in an order that only the seed, the stratum's name and the names themselves decide."""

    def rank(position: int) -> tuple[bytes, str]:
        name = names[position]
        return hashlib.sha256(f"{seed}\0{stratum}\0{name}".encode(errors="surrogateescape")).digest(), name

    return np.array(sorted(range(len(names)), key=rank), np.int64)


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
