"""What data in memory come to: columns of a table, or arrays, that a file is to hold."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from kerastune_ft.data.in_memory.write import Digest, write_once, write_table


@dataclass(frozen=True)
class WrittenData:
    """The file that data were written to, and what a configuration says of it."""

    path: Path
    name: str
    """The name of a run on them."""
    is_new: bool
    """Whether the file was written just now."""
    input: str | tuple[str, str] | None = None
    """The columns of inputs, where they are known."""
    label: tuple[str, ...] = ()
    """The columns of labels, where they are known."""
    notes: tuple[str, ...] = ()
    """What the user should know of what was written."""


class Parts(Protocol):
    """Data that can be written to a file."""

    def write(self, directory: str | os.PathLike[str]) -> WrittenData:
        """Write the data once, and return the file with what is known of it."""


@dataclass(frozen=True)
class Columns:
    """The columns of a table."""

    name: str
    cells: Mapping[str, Sequence[Any]]
    input: str | tuple[str, str] | None = None
    label: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())

    def write(self, directory: str | os.PathLike[str]) -> WrittenData:
        """Write a Parquet file of the columns."""
        digest = Digest()
        for name, cells in self.cells.items():
            digest.add(name)
            for cell in cells:
                digest.add(cell.as_py() if hasattr(cell, "as_py") else cell)
        path, is_new = write_once(
            directory, self.name, ".parquet", digest.text, lambda file: write_table(self.cells, file)
        )
        return WrittenData(path, self.name, is_new, self.input, self.label, self.notes)


@dataclass(frozen=True)
class Arrays:
    """The arrays `x` and `y`, and others of them, of an .npz file."""

    name: str
    arrays: Mapping[str, np.ndarray]
    notes: tuple[str, ...] = ()

    def write(self, directory: str | os.PathLike[str]) -> WrittenData:
        """Write an .npz file of the arrays, uncompressed: it is read through a memory map of its content."""
        digest = Digest()
        for name, values in self.arrays.items():
            digest.add(name)
            digest.add(values)

        def write(file: Path) -> None:
            with zipfile.ZipFile(file, "w") as archive:
                for name, values in self.arrays.items():
                    with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                        np.lib.format.write_array(member, np.asanyarray(values), allow_pickle=False)

        path, is_new = write_once(directory, self.name, ".npz", digest.text, write)
        return WrittenData(path, self.name, is_new, notes=self.notes)
