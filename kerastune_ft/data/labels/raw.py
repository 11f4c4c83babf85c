"""Labels as the data has them, before the task's options say what they are read as."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

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


class MaskFile(Protocol):
    """A checked file whose pixels are the label of an example."""

    @property
    def key(self) -> str:
        """Return what identifies the mask to the user: a relative path."""

    @property
    def sha256(self) -> str:
        """Return the hash of the file."""

    @property
    def counts(self) -> Mapping[int, int]:
        """Return by raw value the number of pixels that have it."""

    def read(self, numbers: Mapping[int, int], ignore: int | None) -> np.ndarray:
        """Return class numbers, uint8 [height, width], 255 where the raw value is `ignore`."""

    def find_problem(self, numbers: Mapping[int, int], ignore: int | None, size: tuple[int, int] | None) -> str | None:
        """Return why the mask does not fit the classes or the size of its image; None where it does."""

    def has_changed(self) -> bool:
        """Tell whether the file is no longer what it was when it was checked."""

    def find_loss(self) -> str | None:
        """Return why the file can no longer be read; None where it can."""


@dataclass(frozen=True)
class MaskFiles:
    """One mask per example."""

    files: Sequence[MaskFile]

    def keep(self, kept: Sequence[int]) -> MaskFiles:
        """Return the masks of some examples."""
        return MaskFiles([self.files[index] for index in kept])


RawLabels = SingleLabels | LabelSets | LabelColumns | MaskFiles
