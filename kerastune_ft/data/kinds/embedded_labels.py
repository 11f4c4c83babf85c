"""The labels of embedded data sets, by the kind of label that the task learns."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from kerastune_ft.config.options.task_facts import LabelKind
from kerastune_ft.config.options.tasks import Task
from kerastune_ft.data.annotations import masks
from kerastune_ft.data.labels.raw import BoxList, BoxLists, MaskFiles, RawLabels, SingleLabels
from kerastune_ft.errors import ConfigError


@dataclass(frozen=True)
class ArrayMask:
    """A mask that is an array: nothing can change it and nothing lose it."""

    key: str
    """The identity of the mask for the user."""
    values: np.ndarray
    """uint8 [height, width]."""

    @cached_property
    def sha256(self) -> str:
        """The hash of the values."""
        return hashlib.sha256(self.values.tobytes()).hexdigest()

    @cached_property
    def counts(self) -> Mapping[int, int]:
        """By value the number of pixels that have it."""
        return masks.count_values(self.values)

    def read(self, numbers: Mapping[int, int], ignore: int | None) -> np.ndarray:
        """Return class numbers, uint8 [height, width], 255 where the value is `ignore`."""
        table = np.full(masks.IGNORE + 1, masks.IGNORE, np.uint8)
        table[list(numbers)] = list(numbers.values())
        return table[self.values]

    def find_problem(self, numbers: Mapping[int, int], ignore: int | None, size: tuple[int, int] | None) -> str | None:
        """Return why the mask does not fit the classes or the size of its image; None where it does."""
        height, width = self.values.shape
        return masks.explain_size((height, width), size) or masks.explain_values(self.counts, numbers, ignore)

    def has_changed(self) -> bool:
        """Return False: an array in memory is what it was."""
        return False

    def find_loss(self) -> str | None:
        """Return None: it can be read."""
        return None


def read_labels(source: Any, name: str, task: Task, kind: LabelKind) -> tuple[RawLabels, list[str]]:
    """Return the labels of all examples of an embedded data set, and each as text for the data's fingerprint.

    Raise ConfigError where it has no labels of the kind that the task learns.
    """
    attribute, read = _READERS.get(kind, ("label", _read_single))
    if not hasattr(source, attribute):
        there = " and ".join(words for each, words in _WORDS.items() if hasattr(source, each))
        raise ConfigError(
            f"data.name: {name} has {there}, and {task.kind} needs {_WORDS[attribute]}; "
            "see: python -m kerastune_ft datasets"
        )
    return read(source, name, task)


def _read_single(source: Any, name: str, task: Task) -> tuple[SingleLabels, list[str]]:
    """Return the names of classes, or the numbers as text where CLASSES has the one name of a number."""
    labels = [source.label(index) for index in range(source.EXAMPLES)]
    texts = list(map(str, labels)) if len(source.CLASSES) == 1 else [source.CLASSES[int(label)] for label in labels]
    return SingleLabels(texts), texts


def _read_masks(source: Any, name: str, task: Task) -> tuple[MaskFiles, list[str]]:
    """Return masks whose values are positions in PIXEL_CLASSES, which name them where task.classes does not."""
    files = [ArrayMask(f"{name}[{index}]", source.mask(index)) for index in range(source.EXAMPLES)]
    names = {} if getattr(task, "classes", None) else dict(enumerate(source.PIXEL_CLASSES))
    return MaskFiles(files, names), [file.sha256 for file in files]


def _read_boxes(source: Any, name: str, task: Task) -> tuple[BoxLists, list[str]]:
    """Return boxes with the areas of what is seen of their objects."""
    lists = []
    for index in range(source.EXAMPLES):
        boxes, instances = source.boxes(index), source.instances(index)
        lists.append(
            BoxList.make(
                boxes[:, :4],
                [source.CLASSES[kind] for kind in boxes[:, 4]],
                f"{name}[{index}]",
                areas=np.bincount(instances.ravel(), minlength=len(boxes) + 1)[1:],
                size=instances.shape,
            )
        )
    return BoxLists(lists, named=source.CLASSES), [one.content for one in lists]


def _read_answers(source: Any, name: str, task: Task) -> tuple[SingleLabels, list[str]]:
    """Return the texts that are to be written."""
    texts = [source.answer(index) for index in range(source.EXAMPLES)]
    return SingleLabels(texts), texts


_READERS: Mapping[LabelKind, tuple[str, Callable[[Any, str, Task], tuple[Any, list[str]]]]] = {
    "mask": ("mask", _read_masks),
    "boxes": ("boxes", _read_boxes),
    "text": ("answer", _read_answers),
}
"""By kind of label the function of a set that gives such labels, and what reads them; all others are `label`."""
_WORDS = {"mask": "masks", "boxes": "boxes", "answer": "texts to write", "label": "a label for each example"}
"""What such a function gives, in messages."""
