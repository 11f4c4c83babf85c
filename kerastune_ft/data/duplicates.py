"""Identical inputs in one data set, which spoil what is measured: in two splits, or with two labels."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from kerastune_ft.data.files.npz import ArrayFile
from kerastune_ft.data.inputs import FindNotes
from kerastune_ft.data.labels.base import Labels
from kerastune_ft.data.source import SkippedFile
from kerastune_ft.wording import counted

_ROW_DIGITS = 32
_LEAK = "in more than one split, so the metrics flatter the model"


def group_equal(values: Iterable[Hashable]) -> list[list[int]]:
    """Return the positions of each value that is there more than once."""
    found: dict[Hashable, list[int]] = defaultdict(list)
    for index, value in enumerate(values):
        found[value].append(index)
    return [places for places in found.values() if len(places) > 1]


def hash_rows(array: np.ndarray, name: str, file: ArrayFile) -> list[str]:
    """Return 32 digits of the SHA-256 of each row of an array of a file; rows are read once, hashes remembered."""

    def learn() -> dict[str, Any]:
        return {"hashes": [hashlib.sha256(row.tobytes()).hexdigest()[:_ROW_DIGITS] for row in array]}

    hashes: list[str] = file.recall(f"hashes of rows of {name}", learn)["hashes"]
    return hashes


def group_equal_rows(array: np.ndarray, name: str, file: ArrayFile) -> list[list[int]]:
    """Return the positions of equal rows of an array of a file."""
    return group_equal(hash_rows(array, name, file))


def describe_equal(
    groups: Sequence[Sequence[int]],
    labels: Labels,
    splits: Mapping[str, np.ndarray],
    noun: str,
    what: str,
    contradiction: str | None = None,
) -> tuple[str, ...]:
    """Return a warning for each sort of identical inputs that spoil what is measured.

    `groups` are the positions of equal inputs, `what` is their plural; `contradiction` is what is said of those with
    several labels, if not what the labels say.
    """
    texts = labels.texts if groups else []
    split_of = {int(index): split for split, indices in splits.items() for index in indices} if groups else {}
    found: Counter[str] = Counter()
    for same in groups:
        present = [index for index in same if index in split_of]
        if len({split_of[index] for index in present}) > 1:
            found[_LEAK] += 1
        if len({texts[index] for index in present}) > 1:
            found[contradiction or labels.contradiction] += 1
    return tuple(
        f"identical {what}: {counted(count, noun)} {'is' if count == 1 else 'are'} {said}"
        for said, count in found.items()
    )


def note_equal(groups: Callable[[], Sequence[Sequence[int]]], noun: str) -> FindNotes:
    """Return what gives the notes about equal inputs of a set, whose positions `groups` finds."""

    def find_notes(_: Sequence[SkippedFile], labels: Labels, splits: Mapping[str, np.ndarray]) -> Sequence[str]:
        return describe_equal(groups(), labels, splits, noun, f"{noun}s")

    return find_notes
