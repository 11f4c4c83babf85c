"""The records of a data set: everything a kind of data found, before labels are numbered and splits chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from kerastune_ft.data.inputs import Inputs
from kerastune_ft.data.labels.raw import RawLabels
from kerastune_ft.data.source import SkippedFile


@dataclass(frozen=True)
class Records:
    """The examples of a data set in its own order, each with its input and its label as the data has it."""

    kind: str
    """The kind of data, as in data.kind."""
    name: str
    place: str
    """The name of the data in messages about labels."""
    keys: Sequence[str]
    """For each example, its identity for the user: a relative path, `x[17]`."""
    names: Sequence[str]
    """For each example, its name in messages."""
    inputs: Mapping[str, Inputs]
    """The inputs of each modality."""
    labels: RawLabels
    label_texts: Sequence[str]
    """For each example, its label in the data set's fingerprint."""
    groups: Sequence[str] | None = None
    """For each example, its group, which splits must not divide."""
    given_splits: Mapping[str, np.ndarray] = field(default_factory=dict)
    """The splits the data has, by our names, or those that data.splits names."""
    column: Callable[..., Sequence[str]] | None = None
    """Returns the texts of a table's column by example; None where there are no columns.

    It takes the name and, for messages, the key or option that asks for it.
    """
    columns: Sequence[str] = ()
    """The names of a table's columns."""
    split_cells: Sequence[Sequence[str]] = ()
    """Columns of texts that decide the splits and so belong to the fingerprint."""
    skipped: tuple[SkippedFile, ...] = ()
    notes: tuple[str, ...] = ()
