"""The usable inputs and labels of a data set, whatever their modality and wherever they were found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kerastune_ft.data.labels.base import Labels
from kerastune_ft.data.labels.raw import RawLabels
from kerastune_ft.data.source import Catalogue, DataSource, SkippedFile

FindNotes = Callable[[Sequence[SkippedFile], Labels, Mapping[str, np.ndarray]], Sequence[str]]
"""Returns what the user should know of inputs, given the examples left out, the labels and the splits."""


def no_notes(skipped: Sequence[SkippedFile], labels: Labels, splits: Mapping[str, np.ndarray]) -> Sequence[str]:
    """Return nothing: there is nothing to say about these inputs."""
    return ()


@dataclass(frozen=True)
class DefaultGroups:
    """The groups that inputs themselves say they belong to, which splits must not divide."""

    groups: Sequence[str]
    """For each example, its group."""
    notes: tuple[str, ...]
    """What the user should know of them."""


@dataclass(frozen=True)
class Inputs:
    """The usable inputs among those that were found, in the order of the examples."""

    contents: Sequence[str]
    """For each example, a SHA-256 (hex) that its input follows from, see Catalogue."""
    hashes: Sequence[str]
    """For each example, its part of the data set's fingerprint."""
    make_source: Callable[[Catalogue], DataSource]
    """Returns the source that reads them."""
    kept: Sequence[int]
    """For each example, its position among the inputs that were found."""
    skipped: tuple[SkippedFile, ...] = ()
    """The inputs that were found and left out."""
    find_notes: FindNotes = no_notes
    sizes: Sequence[tuple[int, int] | None] | None = None
    """For each example, height and width of its image; None for other modalities."""
    shared: tuple[tuple[str, ...], ...] = ()
    """Rows of the fingerprint that belong to no single example, as the hash of the file that holds them all."""
    notes: tuple[str, ...] = ()
    """Sentences the user should read before those about splits."""
    hash_inputs: Callable[[], Sequence[str]] | None = None
    """Returns for each example a hash of its input alone, where its content follows from more, as its whole file."""
    default_groups: DefaultGroups | None = None
    """The groups where data.group asks for none."""
    parts: Sequence[str] | None = None
    """For each example, what is added to the key of what it is a part of; None where every input is one example."""

    def find_names(self, names: Sequence[str]) -> list[str]:
        """Return the names of the examples, given those of the inputs that were found."""
        found = select(names, self.kept)
        return found if self.parts is None else [f"{name}{part}" for name, part in zip(found, self.parts, strict=True)]


@dataclass(frozen=True)
class UsableLabels:
    """The usable labels among those that were found."""

    kept: Sequence[int]
    """For each example, its position among the labels that were found."""
    labels: RawLabels
    texts: Sequence[str]
    """For each example, its label in the data set's fingerprint."""
    skipped: tuple[SkippedFile, ...] = ()
    """The examples whose label was found and cannot be used."""


def select(values: Sequence[str], kept: Sequence[int]) -> list[str]:
    """Return the values at some positions, in their order."""
    return [values[index] for index in kept]
