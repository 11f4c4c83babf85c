"""Dividing all examples but those of test into folds, by the rules of data.splits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from kerastune_ft.data.source import DataSource
from kerastune_ft.data.splits.again import divide_again, list_examples
from kerastune_ft.data.splits.choose import check_splits
from kerastune_ft.data.splits.stratify import check_divisible, check_groups_divisible, divide

# Where the file has no validation split: 15 of 85 %.
_USUAL_SHARE = 0.15 / 0.85


@dataclass(frozen=True)
class Fold:
    """One member of a cross-validation: which fold validates, and by which seed it trains."""

    turn: int
    """The number of the seed, from 0: it divides the folds, and is added to the seed of the file for the run."""
    number: int

    @property
    def place(self) -> str:
        """Return the name of its directory, and of its layers in the ensemble."""
        return f"seed_{self.turn}_fold_{self.number}"


def list_folds(folds: int, seeds: int) -> list[Fold]:
    """Return all members, in the order in which they train."""
    return [Fold(turn, number) for turn in range(seeds) for number in range(folds)]


def find_rest(source: DataSource) -> np.ndarray:
    """Return the examples that are divided into folds: all that the file's own splits do not keep for test."""
    kept = [indices for split, indices in source.splits.items() if split != "test"]
    return np.sort(np.concatenate(kept))


def join_rest(source: DataSource) -> DataSource:
    """Return the source with all that is divided into folds as its training split, and the file's own test split."""
    tested = {split: indices for split, indices in source.splits.items() if split == "test"}
    return divide_again(source, {"train": find_rest(source), **tested})


def divide_rest(source: DataSource, folds: int, turn: int, requested: Any) -> list[np.ndarray]:
    """Return the examples of every fold; every class is divided alike, and no group.

    `turn` is the seed of the division; `requested` is data.splits, whose `stratify` holds here too. Raises DataError
    where a class has fewer examples, or the data fewer groups, than there are folds.
    """
    examples, rest = list_examples(source), find_rest(source)
    stratify, into = _is_stratified(requested), f"{folds} folds"
    if examples.groups is not None:
        check_groups_divisible(examples, rest, into, folds)
    elif stratify and not examples.have_several:
        check_divisible(examples, rest, into, folds, "give fewer --folds")
    shares = {str(number): 1 / folds for number in range(folds)}
    return list(divide(examples, rest, shares, stratify=stratify, seed=turn).values())


def choose_fold(source: DataSource, parts: list[np.ndarray], number: int) -> DataSource:
    """Return the source in which one fold validates and the others train; there is no test split."""
    return _make_source(source, {"train": _join_others(parts, number), "validation": parts[number]})


def hold_out_fold(
    source: DataSource, parts: list[np.ndarray], number: int, share: float, turn: int, requested: Any
) -> DataSource:
    """Return the source in which one fold is the test split, and a `share` of the examples of the others validates.

    So something can be chosen on validation without a look at the fold. `turn` and `requested` are as in `divide_rest`.
    """
    shares = {"train": 1 - share, "validation": share}
    others = _join_others(parts, number)
    inner = divide(list_examples(source), others, shares, stratify=_is_stratified(requested), seed=turn)
    return _make_source(source, {**inner, "test": parts[number]})


def find_share(source: DataSource) -> float:
    """Return the share of validation that the file's own splits ask for, among all examples but those of test."""
    sizes = {split: len(indices) for split, indices in source.splits.items()}
    validation = sizes.get("validation", 0)
    return validation / (validation + sizes["train"]) if validation else _USUAL_SHARE


def _join_others(parts: list[np.ndarray], number: int) -> np.ndarray:
    return np.sort(np.concatenate([part for place, part in enumerate(parts) if place != number]))


def _make_source(source: DataSource, splits: dict[str, np.ndarray]) -> DataSource:
    check_splits(splits, list_examples(source))
    return divide_again(source, splits)


def _is_stratified(requested: Any) -> bool:
    return bool(getattr(requested, "stratify", True))
