"""The result of an annotation format: the files of a folder that are examples, with the labels beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kerastune_ft.data.labels.raw import RawLabels
from kerastune_ft.data.source import SkippedFile


@dataclass(frozen=True)
class AnnotatedFile:
    """A file that is an example's input, and the split that the folders above it name, if any."""

    path: str
    key: str
    """The path below the folder of the data."""
    split: str | None


def accept_all(kept: Sequence[int]) -> None:
    """Accept whatever files can be read."""


@dataclass(frozen=True)
class Annotations:
    """The files of a folder that have a label, in order, and their labels as the format has them."""

    files: Sequence[AnnotatedFile]
    labels: RawLabels
    """One for each file."""
    label_texts: Sequence[str]
    """For each file, its label in the data set's fingerprint."""
    notes: Sequence[str] = ()
    """Sentences about files and folders that were left out."""
    skipped: tuple[SkippedFile, ...] = ()
    """Files whose label cannot be used."""
    check_kept: Callable[[Sequence[int]], None] = accept_all
    """Raises DataError where the files that can be read, given by position, are too few."""
