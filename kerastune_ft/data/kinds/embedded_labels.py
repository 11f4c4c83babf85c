"""The labels of embedded data sets, by what the task learns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kerastune_ft.config.options.task_facts import LabelKind
from kerastune_ft.data.embedded import OBJECTS
from kerastune_ft.data.labels.raw import BoxList, BoxLists, RawLabels, SingleLabels
from kerastune_ft.data.modality import EmbeddedModule
from kerastune_ft.errors import ConfigError

Found = tuple[RawLabels, Sequence[str]]
"""Labels, and for each example its label in the data set's fingerprint."""


def read_labels(name: str, source: Any, kind: LabelKind, task: str) -> Found:
    """Return the labels of all examples of an embedded set; raise ConfigError where it has none of the kind.

    `task` is task.kind.
    """
    read = _OF_OBJECTS.get(kind)
    if (read is not None) == (name in OBJECTS):
        return (read or _read_single)(source)
    fitting = ", ".join(OBJECTS)
    raise ConfigError(
        f"data.name: {name} has no labels for task.kind {task}; {fitting} has boxes, and the others classes or numbers"
    )


def _read_single(source: EmbeddedModule) -> Found:
    """Return the names of classes, or numbers."""
    labels = [source.label(index) for index in range(source.EXAMPLES)]
    one = len(source.CLASSES) == 1
    texts = list(map(str, labels)) if one else [source.CLASSES[int(label)] for label in labels]
    return SingleLabels(texts), texts


def _read_boxes(source: Any) -> Found:
    size = (source.IMAGE_SIZE, source.IMAGE_SIZE)
    rows = [source.boxes(index) for index in range(source.EXAMPLES)]
    lists = [
        BoxList.make(each[:, :4].tolist(), [source.CLASSES[kind] for kind in each[:, 4].tolist()], "the set", size=size)
        for each in rows
    ]
    return BoxLists(lists, named=tuple(source.CLASSES)), [one.content for one in lists]


_OF_OBJECTS: Mapping[LabelKind, Callable[[Any], Found]] = {"boxes": _read_boxes}
"""For the kinds of labels that sets of objects have, what reads them."""
