"""Labels as the data has them, before the task's options say what they are read as."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SEPARATOR = "|"
"""Between several labels of one example, wherever they are written as one text."""


@dataclass(frozen=True)
class SingleLabels:
    """One label per example."""

    texts: Sequence[str]

    def keep(self, kept: Sequence[int]) -> SingleLabels:
        """Return the labels of some examples."""
        return SingleLabels([self.texts[index] for index in kept])


@dataclass(frozen=True)
class LabelSets:
    """Any number of labels per example."""

    sets: Sequence[Sequence[str]]

    def keep(self, kept: Sequence[int]) -> LabelSets:
        """Return the labels of some examples."""
        return LabelSets([self.sets[index] for index in kept])


@dataclass(frozen=True)
class LabelColumns:
    """One column per class (0 or 1) or per target (numbers); `rows` are as long as `names`."""

    names: tuple[str, ...]
    rows: Sequence[Sequence[str]]

    def keep(self, kept: Sequence[int]) -> LabelColumns:
        """Return the labels of some examples."""
        return LabelColumns(self.names, [self.rows[index] for index in kept])


RawLabels = SingleLabels | LabelSets | LabelColumns
