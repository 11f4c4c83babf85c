"""What every data source offers: examples read by index, their labels, and named splits of them."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import tensorflow as tf

Report = Callable[[str], None]
"""Takes one line of progress or notice for the user."""

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class SkippedFile:
    """A file left out of the data, and why."""

    path: str
    reason: str

    def to_json(self) -> dict[str, str]:
        """Return the file as a JSON object."""
        return {"path": self.path, "reason": self.reason}


@dataclass(frozen=True)
class DataInfo:
    """What is said about a data source in plans, manifests and reports."""

    kind: str
    name: str
    examples: int
    classes: tuple[str, ...]
    counts: Mapping[str, Mapping[str, int]]
    """Examples by split and class."""
    fingerprint: str
    """SHA-256 over the contents and labels of all examples, whatever their place on disk."""
    skipped: tuple[SkippedFile, ...] = ()
    notes: tuple[str, ...] = ()
    """Sentences the user should read: what was left out, which splits were made."""

    def to_json(self) -> dict[str, Any]:
        """Return the description as a JSON object."""
        return {
            "kind": self.kind,
            "name": self.name,
            "examples": self.examples,
            "classes": list(self.classes),
            "counts": {split: dict(counts) for split, counts in self.counts.items()},
            "fingerprint": self.fingerprint,
            "skipped": [file.to_json() for file in self.skipped],
            "notes": list(self.notes),
        }


class DataSource(ABC):
    """Labelled examples, read by index."""

    info: DataInfo
    splits: Mapping[str, np.ndarray]
    """By split, the indices of its examples: int64, sorted."""
    labels: np.ndarray
    """By example, the number of its class: int32."""
    keys: Sequence[str]
    """By example, what identifies it to the user: a relative path, `x[17]`."""

    @abstractmethod
    def element(self, index: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return the example at an int64 scalar: `image` is encoded bytes or an array [height, width, channels].

        A graph function for `Dataset.map`: it may run in parallel and always gives the same for the same index.
        """


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, which is singular after 1: `1 image`, `20 images`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def split_counts(splits: Mapping[str, np.ndarray], labels: np.ndarray, classes: Sequence[str]) -> dict[str, Any]:
    """Return how many examples of each class each split has."""
    return {
        split: dict(zip(classes, np.bincount(labels[indices], minlength=len(classes)).tolist(), strict=True))
        for split, indices in splits.items()
    }


def open_source(options: Any, task_options: Any, cache_directory: Path, report: Report) -> DataSource:
    """Open the data that `options` describe, checked whole, or raise DataError naming all that is wrong.

    Whatever has to be unpacked, generated or remembered is kept in `cache_directory`; `report` is told of slow work.
    """
    module = importlib.import_module(f"kerastune_ft.data.{options.kind}")
    cache_directory.mkdir(parents=True, exist_ok=True)
    return module.open_source(options, task_options, cache_directory, report)
