"""What every data source offers: examples read by index, their labels, and named splits of them."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kerastune_ft.config.options.tasks import modality
from kerastune_ft.data.labels.labels import Labels, Scheme, scheme_of
from kerastune_ft.errors import ConfigError
from kerastune_ft.storage import told_of_data

if TYPE_CHECKING:
    import tensorflow as tf

    from kerastune_ft.data.splits.choose import Chosen

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
    """The names of classes; none where the labels are values."""
    sizes: Mapping[str, int]
    """Examples by split."""
    counts: Mapping[str, Mapping[str, int]]
    """Examples by split and class; with several labels an example counts for each of its own."""
    values: Mapping[str, Mapping[str, Mapping[str, float]]]
    """By split and target, the mean, deviation, smallest and largest value; nothing where the labels are classes."""
    groups: Mapping[str, int]
    """Groups by split; nothing where examples are not grouped."""
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
            "sizes": dict(self.sizes),
            "counts": {split: dict(counts) for split, counts in self.counts.items()},
            "values": {split: dict(values) for split, values in self.values.items()},
            "groups": dict(self.groups),
            "fingerprint": self.fingerprint,
            "skipped": [file.to_json() for file in self.skipped],
            "notes": list(self.notes),
        }


@dataclass(frozen=True)
class Catalogue:
    """All that is known of the examples of a source but what they look like."""

    info: DataInfo
    splits: Mapping[str, np.ndarray]
    """By split, the indices of its examples: int64, sorted."""
    labels: Labels
    keys: Sequence[str]
    """By example, what identifies it to the user: a relative path, `x[17]`."""
    contents: Sequence[str]
    """By example, a SHA-256 (hex) that what it gives follows from: never its name, place, label or split."""
    groups: Sequence[str] | None
    """By example, what must not be divided between splits."""


class DataSource(ABC):
    """Labelled examples, read by index."""

    encoded: bool = False
    """Whether `element` gives encoded bytes, which take time to decode."""
    image_sizes: np.ndarray | None = None
    """By example, height and width of its image as stored, int32 [N, 2]; None where they are not known."""
    sound_seconds: np.ndarray | None = None
    """By example, the length of its sound, float64; None where it is none."""

    def __init__(self, catalogue: Catalogue) -> None:
        """`catalogue` is what `describe` returned."""
        self.info, self.splits, self._labels = catalogue.info, catalogue.splits, catalogue.labels
        self.keys, self.contents, self.groups = catalogue.keys, catalogue.contents, catalogue.groups

    @cached_property
    def identities(self) -> np.ndarray:
        """By example: the first 63 bits of its content's identity, int64; what random draws by content go by."""
        return np.array([int(content[:16], 16) >> 1 for content in self.contents], np.int64)

    @property
    def labels(self) -> np.ndarray:
        """By example: the number of its class (int32), 0 or 1 by class (uint8), or its values (float64)."""
        return self._labels.numbers

    @property
    def label_texts(self) -> list[str]:
        """By example: its label as text."""
        return self._labels.texts

    @property
    def scheme(self) -> Scheme:
        """What the labels mean; values are standardised by the training split."""
        return scheme_of(self._labels, self.splits["train"])

    @abstractmethod
    def element(self, index: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return the example at an int64 scalar.

        `image` is encoded bytes or an array [height, width, channels]; `texts` is one text, or the two of a pair;
        `samples` are those of a sound, float32 [frames] from -1 to 1, and `rate` is how many make a second.

        A graph function for `Dataset.map`: it may run in parallel and always gives the same for the same index.
        """

    def changed(self, indices: Iterable[int]) -> list[str]:
        """Return the keys of those examples whose files are no longer as they were when `contents` was found out.

        Nothing is read: size and time of the last change tell. Copies in the cache directory do not change.
        """
        return []

    def lost(self) -> list[tuple[str, str]]:
        """Return the examples that can no longer be read, though they could when the data was opened, with reasons."""
        return []


def describe(
    kind: str,
    name: str,
    labels: Labels,
    chosen: Chosen,
    fingerprint: str,
    keys: Sequence[str],
    contents: Sequence[str],
    groups: Sequence[str] | None = None,
    *,
    skipped: tuple[SkippedFile, ...] = (),
    notes: Sequence[str] = (),
) -> Catalogue:
    """Return labelled and divided data with its description; `notes` are what the user should read about it.

    `contents` tells by example what its content follows from, see Catalogue.
    """
    splits = chosen.splits
    has_values = labels.kind == "values"
    info = DataInfo(
        kind=kind,
        name=name,
        examples=len(labels.numbers),
        classes=() if has_values else labels.names,
        sizes={split: len(indices) for split, indices in splits.items()},
        counts={} if has_values else {split: _counts(labels, indices) for split, indices in splits.items()},
        values={split: _values(labels, indices) for split, indices in splits.items()} if has_values else {},
        groups=chosen.groups,
        fingerprint=fingerprint,
        skipped=skipped,
        notes=tuple(notes),
    )
    return Catalogue(info, splits, labels, keys, contents, groups)


def _counts(labels: Labels, indices: np.ndarray) -> dict[str, int]:
    numbers = labels.numbers[indices]
    found = numbers.sum(axis=0) if labels.kind == "several" else np.bincount(numbers, minlength=len(labels.names))
    return dict(zip(labels.names, found.tolist(), strict=True))


def _values(labels: Labels, indices: np.ndarray) -> dict[str, dict[str, float]]:
    return {
        name: {
            "mean": float(column.mean()),
            "deviation": float(column.std()),
            "smallest": float(column.min()),
            "largest": float(column.max()),
        }
        for name, column in zip(labels.names, labels.numbers[indices].astype(np.float64).T, strict=True)
    }


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, which is singular after 1: `1 image`, `20 images`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def open_source(options: Any, task_options: Any, cache_directory: Path, report: Report) -> DataSource:
    """Open the data that `options` describe, checked whole, or raise DataError naming all that is wrong.

    Whatever has to be unpacked, generated or remembered is kept in `cache_directory`; `report` is told of slow work.
    """
    module = source_module(options, task_options)
    _make(cache_directory)
    with told_of_data("data.path"):
        return module.open_source(options, task_options, cache_directory, report)


def source_module(options: Any, task_options: Any) -> Any:
    """Return the module that opens such data for such a task, with `open_source` and `open_unsplit`."""
    what = modality(task_options.kind)
    # Files are opened alike, whatever is in them.
    is_sound = what == "audio" and options.kind in ("tfds", "arrays")
    prefix = "text_" if what == "text" else "sound_" if is_sound else ""
    return importlib.import_module(f"kerastune_ft.data.{prefix}{options.kind}")


def _make(cache_directory: Path) -> None:
    try:
        cache_directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"runtime.cache_directory: {cache_directory} cannot be made ({(error.strerror or str(error)).lower()}); "
            "name a folder of a local disk that you may write to, there or in the environment variable KERASTUNE_CACHE"
        ) from error
