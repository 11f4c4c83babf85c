"""Which examples of a run are compared, and the form in which users would give them."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from kerastune_ft.config.options.task_facts import AUDIO, BOXES, IMAGE, MASK, SEVERAL_INPUTS, TEXT
from kerastune_ft.data.source import DataSource


class Sampling(Protocol):
    """A module that gives examples of one modality as users would."""

    def give(self, source: DataSource, indices: Sequence[int], data: Any, folder: Path) -> list[Any]:
        """Return an input for each example, as `read` of predict.py takes it.

        `data` are the options of the run's data; files may be written into `folder`.
        """

    def ask(self, inputs: Sequence[Any], folder: Path) -> list[Any]:
        """Return these inputs as `predict` takes them; `folder` is that of `give`."""

    def pass_on(self, inputs: Sequence[Any], folder: Path) -> list[str]:
        """Return the words of the command line by which predict.py takes these inputs; `folder` is that of `give`."""

    def measure_sizes(self, inputs: Sequence[Any]) -> list[Any]:
        """Return the size of each input as JSON values: latency depends on it."""

    def imitate(self, sizes: Sequence[Any], folder: Path) -> list[Any]:
        """Return inputs of these sizes that hold nothing of the run's; files may be written into `folder`."""


_SAMPLINGS: Mapping[str, str] = {
    IMAGE: "kerastune_ft.exporting.samples.images",
    TEXT: "kerastune_ft.exporting.samples.texts",
    AUDIO: "kerastune_ft.exporting.samples.sounds",
    SEVERAL_INPUTS: "kerastune_ft.exporting.samples.several",
}


def load_sampling(modality: str) -> Sampling:
    """Return what gives examples of a modality."""
    module: Any = importlib.import_module(_SAMPLINGS[modality])
    return module


def find_folder(data: Any) -> Path:
    """Return the folder that files of the run's data lie in, from its options: of several tables that of the first."""
    path = getattr(data, "path", None) or "."
    root = Path(path if isinstance(path, str) else path[0])
    return root if root.is_dir() else root.parent


def choose_samples(indices: np.ndarray, count: int) -> list[int]:
    """Return at most `count` of a split's examples, at equal distances, so that sorted classes are all among them."""
    places = np.unique(np.linspace(0, len(indices) - 1, min(count, len(indices))).round().astype(int))
    return [int(index) for index in np.asarray(indices)[places]]


def count_most(kind: str) -> int:
    """Return how many examples are compared at most where a split is to be compared as a whole, by kind of labels."""
    return _FEWER.get(kind, _MOST)


def name_samples(source: DataSource, indices: Sequence[int], is_named: bool) -> list[str]:
    """Return the names of examples; their numbers where names may identify a person (`output.examples: false`)."""
    return [source.keys[index] if is_named else f"example {place}" for place, index in enumerate(indices)]


def find_truths(source: DataSource, indices: Sequence[int], kind: str) -> list[Any]:
    """Return the labels of examples: numbers of classes, flags, values, masks of class numbers, or boxes [boxes, 7]."""
    return [_TRUTHS.get(kind, _find_label)(source, index) for index in indices]


def _find_label(source: DataSource, index: int) -> Any:
    return source.labels[index]


def _find_mask(source: DataSource, index: int) -> Any:
    import tensorflow as tf

    return source.label_fields(tf.constant(index, tf.int64))["mask"].numpy()


def _find_boxes(source: DataSource, index: int) -> Any:
    import tensorflow as tf

    return source.label_fields(tf.constant(index, tf.int64))["boxes"].numpy()


_TRUTHS = {MASK: _find_mask, BOXES: _find_boxes}
# Masks of as many large pictures would not fit in memory; pictures with boxes are large as well, and take long.
_MOST, _FEWER = 5000, {MASK: 500, BOXES: 500}
