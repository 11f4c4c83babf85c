"""The parts that a trial trains and measures on: the one validation split, or every fold of a cross-validation."""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

from kerastune_ft.data.source import DataSource
from kerastune_ft.errors import DataError
from kerastune_ft.folds.division import choose_fold, divide_rest, join_rest

_MEASURED = ("train", "validation")


class Part(NamedTuple):
    """Examples to train on, and others to measure on."""

    name: str
    """Names the directory of a fold; empty where there is one part."""
    source: DataSource
    """It has no test split."""


def gather(source: DataSource, folds: int | None) -> DataSource:
    """Return opened data in the splits that a model is built on: of folds, as `crossvalidate` builds it.

    Raises DataError for data without a validation split, where there are no folds.
    """
    if folds is not None:
        return join_rest(source)
    if not len(source.splits.get("validation", ())):
        raise DataError("the data has no validation split, which trials are compared on; give it one in data.splits")
    return source


def divide(gathered: DataSource, folds: int | None, requested: Any) -> tuple[Part, ...]:
    """Return the parts of data that `gather` returned; `requested` is `data.splits`.

    Raises DataError where they cannot be divided into so many folds.
    """
    if folds is None:
        return (Part("", _without_test(gathered, _MEASURED)),)
    shares = divide_rest(gathered, folds, 0, requested)
    rest = _without_test(gathered, ("train",))
    return tuple(Part(f"fold_{number}", choose_fold(rest, shares, number)) for number in range(folds))


def _without_test(source: DataSource, kept: tuple[str, ...]) -> DataSource:
    measured = copy.copy(source)
    measured.splits = {split: source.splits[split] for split in kept}
    return measured
