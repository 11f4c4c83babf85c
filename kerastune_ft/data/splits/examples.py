"""The facts about examples that splitting needs: keys, strata, groups."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

import numpy as np

from kerastune_ft.data.labels.base import Labels
from kerastune_ft.errors import DataError
from kerastune_ft.rules import NEWEST, Rules
from kerastune_ft.wording import first_names

_SHOWN = 5


@dataclass(frozen=True)
class SplitExamples:
    """All examples of a source, as far as their division into splits goes."""

    keys: Sequence[str]
    """For each example, its identity for the user: a relative path, `x[17]`."""
    strata: np.ndarray
    """The strata that splits should share alike: int32 [N], one number each, or uint8 [N, strata] of 0 and 1."""
    names: tuple[str, ...]
    """The names of the strata."""
    groups: Sequence[str] | None = None
    """For each example, its group, which splits must not divide, as a patient; None where no grouping is asked for."""
    column: Callable[[str], Sequence[str]] | None = None
    """Returns the texts of a table's column by example, or raises DataError; None where there are no columns."""
    are_classes: bool = True
    """Whether strata are classes to be learnt, and not parts of a range of values."""
    noun: str = "image"
    texts: Callable[[], Sequence[str]] | None = None
    """Returns the label of every example as splits.csv has it."""
    without_class: str = "its AUC is undefined"
    """The words for the metrics of a split that has no example of a class."""
    rules: Rules = NEWEST
    """The rules of the run, which decide the sizes of splits."""
    excluded: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    """The indices of examples that are divided with the others, and then taken out of their splits."""
    requires_training: bool = True
    """Whether a class that no training example has is an error."""

    @classmethod
    def from_labels(
        cls,
        keys: Sequence[str],
        labels: Labels,
        groups: Sequence[str] | None = None,
        column: Callable[[str], Sequence[str]] | None = None,
        noun: str = "image",
        rules: Rules = NEWEST,
    ) -> Self:
        """Return the examples with these labels, whose strata splits are to be alike in."""
        return cls(
            keys,
            *labels.strata,
            groups,
            column,
            labels.strata_are_classes,
            noun,
            lambda: labels.row_texts,
            labels.without_class,
            rules,
            requires_training=labels.requires_training,
        )

    @property
    def have_several(self) -> bool:
        """Whether an example may be in several strata, or in none."""
        return self.strata.ndim == 2

    def counts(self, indices: np.ndarray) -> dict[str, int]:
        """Return by stratum how many of these examples it has."""
        if self.have_several:
            found = self.strata[indices].sum(axis=0, dtype=np.int64)
        else:
            found = np.bincount(self.strata[indices], minlength=len(self.names))
        return dict(zip(self.names, found.tolist(), strict=True))

    def members(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the pairs of example and stratum, the example as a position in `indices`."""
        if self.have_several:
            positions, strata = np.nonzero(self.strata[indices])
            return positions, strata
        return np.arange(len(indices)), self.strata[indices].astype(np.int64)

    @cached_property
    def group_names(self) -> tuple[str, ...]:
        """The groups, sorted."""
        return tuple(sorted(set(self.groups or ())))

    @cached_property
    def group_numbers(self) -> np.ndarray:
        """For each example, the number of its group in `group_names`."""
        number = {name: place for place, name in enumerate(self.group_names)}
        return np.array([number[name] for name in self.groups or ()], np.int64)

    def group_counts(self, indices: np.ndarray) -> dict[str, int]:
        """Return by stratum how many groups of these examples have it."""
        positions, strata = self.members(indices)
        pairs = np.unique(self.group_numbers[indices][positions] * len(self.names) + strata)
        found = np.bincount(pairs % len(self.names), minlength=len(self.names))
        return dict(zip(self.names, found.tolist(), strict=True))

    def check_groups(self) -> None:
        """Raise DataError for examples without a group."""
        alone = [key for key, group in zip(self.keys, self.groups or (), strict=False) if not group.strip()]
        if alone:
            verb = "has" if len(alone) == 1 else "have"
            raise DataError(
                f"data.group: {len(alone)} of {len(self.keys)} {self.noun}s {verb} no group: "
                f"{first_names(alone, _SHOWN)}.\n"
                "Give each its group (one of its own where it belongs to none), or take it out of the data."
            )
