"""The source of examples with several inputs: the sources of their parts, and the cells of their columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Self

import numpy as np
import tensorflow as tf

from kerastune_ft.data.several.columns import ColumnCells
from kerastune_ft.data.source import Catalogue, DataSource


class SeveralSource(DataSource):
    """Examples whose inputs are those of several sources of the same examples, and columns of numbers and words."""

    def __init__(self, catalogue: Catalogue, parts: Mapping[str, DataSource], cells: ColumnCells) -> None:
        """`parts` are the sources of pictures and texts by the name of the input, of the examples of the catalogue."""
        super().__init__(catalogue)
        self.parts, self.cells = parts, cells
        self.encoded = any(part.encoded for part in parts.values())

    def read_input(self, index: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return the fields of every part, by the part's name before theirs."""
        return {
            f"{name}/{field}": value
            for name, part in self.parts.items()
            for field, value in part.read_input(index).items()
        }

    def with_splits(self, splits: Mapping[str, np.ndarray]) -> Self:
        """Return the same examples divided otherwise."""
        other = super().with_splits(splits)
        other.parts = {name: part.with_splits(splits) for name, part in self.parts.items()}
        return other

    def find_file(self, index: int) -> str | None:
        """Return the file of the first part that has one."""
        found = (part.find_file(index) for part in self.parts.values())
        return next((path for path in found if path is not None), None)

    def find_changed(self, indices: Iterable[int]) -> list[str]:
        """Return the keys of those examples of which a file has changed since it was checked."""
        wanted = list(map(int, indices))
        return list(dict.fromkeys(key for part in self.parts.values() for key in part.find_changed(wanted)))

    def find_lost(self) -> list[tuple[str, str]]:
        """Return the examples of which something can no longer be read, with reasons."""
        return [lost for part in self.parts.values() for lost in part.find_lost()]


def name_notes(notes: Mapping[str, Iterable[str]]) -> list[str]:
    """Return sentences on parts of examples, by part, with the part's name before each where there are several."""
    return [f"{name}: {note}" if len(notes) > 1 else note for name, own in notes.items() for note in own]
