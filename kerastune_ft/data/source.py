"""The contract of data sources: examples read by index, their labels, and named splits of them."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from kerastune_ft.data.change import DataChange
from kerastune_ft.data.labels.base import Labels
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.rules import NEWEST, Rules
from kerastune_ft.tiles.grid import Cuts
from kerastune_ft.wording import describe_left_out

if TYPE_CHECKING:
    import tensorflow as tf


Report = Callable[[str], None]
"""Takes one line of progress or notice for the user."""


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
    """The description of a data source in plans, manifests and reports."""

    kind: str
    name: str
    examples: int
    classes: tuple[str, ...]
    """The names of classes; none where the labels are values."""
    sizes: Mapping[str, int]
    """Examples by split."""
    counts: Mapping[str, Mapping[str, int]]
    """Examples by split and class; with several labels an example counts for each of its own."""
    values: Mapping[str, Mapping[str, Mapping[str, float]]]
    """For each split and target, the mean, deviation, smallest and largest value; empty for classes."""
    groups: Mapping[str, int]
    """Groups by split; nothing where examples are not grouped."""
    fingerprint: str
    """SHA-256 over the contents and labels of all examples, whatever their place on disk."""
    skipped: tuple[SkippedFile, ...] = ()
    excluded: Mapping[str, int] = field(default_factory=dict)
    """Examples by split that data.exclude took out of it; `examples` counts the others."""
    notes: tuple[str, ...] = ()
    """Sentences the user should read: what was left out, which splits were made."""

    def list_notes(self, show_names: bool = True) -> tuple[str, ...]:
        """Return what was left out, by name unless those are not to be shown, and the notes."""
        skipped = describe_left_out([(file.path, file.reason) for file in self.skipped], show_names)
        return (skipped, *self.notes) if skipped else self.notes

    def to_json(self) -> dict[str, Any]:
        """Return the description as a JSON object."""
        return {
            "kind": self.kind,
            "name": self.name,
            "examples": self.examples,
            "classes": list(self.classes),
            "sizes": dict(self.sizes),
            "counts": {split: dict(counts) for split, counts in self.counts.items()},
            "values": {split: dict(values) for split, values in self.values.items()},
            "groups": dict(self.groups),
            "fingerprint": self.fingerprint,
            "skipped": [file.to_json() for file in self.skipped],
            **({"excluded": dict(self.excluded)} if self.excluded else {}),
            "notes": list(self.notes),
        }


@dataclass(frozen=True)
class Catalogue:
    """All that is known of the examples of a source but what they look like."""

    info: DataInfo
    splits: Mapping[str, np.ndarray]
    """For each split, the indices of its examples: int64, sorted."""
    labels: Labels
    keys: Sequence[str]
    """For each example, its identity for the user: a relative path, `x[17]`."""
    contents: Sequence[str]
    """For each example, a SHA-256 (hex) that what it gives follows from: never its name, place, label or split."""
    groups: Sequence[str] | None
    """For each example, its group, which splits must not divide."""
    input_hashes: Sequence[str] = ()
    """For each example, a hash of its input alone, by which it is known in other data."""
    change: DataChange | None = None
    """What changed since an earlier run recorded its examples; None where nothing did, or no run is asked about."""


class DataSource(ABC):
    """Labelled examples, read by index."""

    rules: Rules = NEWEST
    """The rules of the run that reads the examples."""
    encoded: bool = False
    """Whether `element` gives encoded bytes, which take time to decode."""
    image_sizes: np.ndarray | None = None
    """For each example, height and width of its image as stored, int32 [N, 2]; None where they are not known."""
    texts: Sequence[tuple[str, ...]] = ()
    """For each example, its text or the two of a pair, where they are in memory; none for other inputs."""
    columns: Sequence[str] = ()
    """The names of the columns of the table that the examples come from, where it was opened with them."""
    read_column: Callable[..., Sequence[str]]
    """Returns the texts of a column by example, given its name and, for messages, the option that asks for it."""
    sound_seconds: np.ndarray | None = None
    """For each example, the length of its sound, float64; None where it is none."""
    cuts: Cuts | None = None
    """The tiles that examples are, and of which pictures; None where examples are whole inputs."""

    def __init__(self, catalogue: Catalogue) -> None:
        """`catalogue` is what `describe` returned."""
        self.info, self.splits, self._labels = catalogue.info, catalogue.splits, catalogue.labels
        self.keys, self.contents, self.groups = catalogue.keys, catalogue.contents, catalogue.groups
        self.input_hashes, self.change = catalogue.input_hashes, catalogue.change

    @cached_property
    def identities(self) -> np.ndarray:
        """For each example, the first 63 bits of its content's hash, int64: the address of its random draws."""
        return np.array([int(content[:16], 16) >> 1 for content in self.contents], np.int64)

    @property
    def labels(self) -> np.ndarray:
        """For each example, its class (int32), flags (uint8), values (float64) or pixels by class (int64)."""
        return self._labels.numbers

    def label_content(self, index: int) -> str:
        """Return what the label of an example follows from: a hash or a text."""
        return self._labels.content(index)

    @property
    def label_texts(self) -> list[str]:
        """For each example, its label as text."""
        return self._labels.texts

    @property
    def recorded_labels(self) -> list[str]:
        """For each example, its label as splits.csv has it."""
        return self._labels.row_texts

    @property
    def most_boxes(self) -> int:
        """The most boxes of one example, rounded up; 0 where labels are no boxes."""
        return self._labels.most

    @property
    def scheme(self) -> LabelScheme:
        """The meaning of the labels; values are standardised by the training split."""
        return self._labels.scheme(self.splits["train"])

    def element(self, index: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return the example at an int64 scalar: its input, see `read_input`, and what it has of its label.

        `mask` is uint8 [height, width] of class numbers, 255 where a pixel belongs to none; other labels are `labels`.

        A graph function for `Dataset.map`: it may run in parallel and always gives the same for the same index.
        """
        return {**self.read_input(index), **self._labels.fields(index)}

    def label_fields(self, index: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return what an example has of its label beside `labels`, such as its `mask`; a graph function."""
        return self._labels.fields(index)

    @property
    def label_set(self) -> Labels:
        """Return the labels of all examples as an object."""
        return self._labels

    def with_splits(self, splits: Mapping[str, np.ndarray]) -> Self:
        """Return the same examples divided otherwise; `info` goes on describing the division that the source had."""
        other = copy.copy(self)
        other.splits = splits
        return other

    def divide_like(self, source: DataSource) -> DataSource:
        """Return what batches are made of where this source is that of a loader: the examples of `source` itself.

        Where the loader's examples are parts of those of `source`, it is these in the splits of the whole ones.
        """
        return source

    @property
    def decoded_pixels(self) -> float | None:
        """The pixels that are decoded to read an example, in the mean; None where they are not known."""
        sizes = self.image_sizes
        return float(np.prod(sizes, axis=1).mean()) if sizes is not None and len(sizes) else None

    @property
    def balanced_weights(self) -> tuple[float, ...]:
        """For each class, its weight in a loss that makes up for unequal classes in the training split."""
        return self._labels.balanced_weights(self.splits["train"])

    @abstractmethod
    def read_input(self, index: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return the input of an example, a graph function.

        `image` is encoded bytes or an array [height, width, channels], with an EXIF `orientation` (int32) where some
        images have yet to be turned by it; `texts` is one text, or the two of a pair;
        `samples` are those of a sound, float32 [frames] from -1 to 1, and `rate` is how many make a second.
        """

    def find_file(self, index: int) -> str | None:
        """Return the file that holds the input of an example and nothing else; None where it lies in no such file."""
        return None

    def find_changed(self, indices: Iterable[int]) -> list[str]:
        """Return the keys of those examples whose files have changed since they were checked.

        Nothing is read: size and time of the last change tell. Copies in the cache directory do not change.
        """
        return []

    @property
    def place(self) -> str:
        """Return the key of the configuration that names the data."""
        return "data.path"

    def find_lost(self) -> list[tuple[str, str]]:
        """Return the examples that can no longer be read, though they could when the data was opened, with reasons."""
        return []
