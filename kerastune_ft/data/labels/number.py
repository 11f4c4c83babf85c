"""From the labels as the data has them to numbers, by the kind of label that the task learns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kerastune_ft.config.options.task_facts import LabelKind, facts
from kerastune_ft.data.labels.base import Labels
from kerastune_ft.data.labels.boxes import number_boxes
from kerastune_ft.data.labels.masks import number_masks
from kerastune_ft.data.labels.one_class import number_one_class
from kerastune_ft.data.labels.raw import RawLabels
from kerastune_ft.data.labels.several_classes import number_several_classes
from kerastune_ft.data.labels.spelling import normalise
from kerastune_ft.data.labels.values import number_values
from kerastune_ft.data.labels.writing.written_texts import number_written_texts
from kerastune_ft.rules import NEWEST, Rules

Sizes = Sequence[tuple[int, int] | None]

LABEL_KINDS: Mapping[LabelKind, Callable[..., Labels]] = {
    "one": number_one_class,
    "several": number_several_classes,
    "values": number_values,
    "mask": number_masks,
    "boxes": number_boxes,
    "text": number_written_texts,
}
"""For each kind of label, the function that numbers it."""


def number_labels(
    raw: RawLabels,
    keys: Sequence[str],
    task: Any,
    origin: str,
    sizes: Sizes | None = None,
    rules: Rules = NEWEST,
) -> Labels:
    """Return the labels as numbers, or raise DataError naming the examples whose labels the task cannot take.

    `origin` names the data to the user, `keys` the examples; `sizes` are height and width of their images, where known.
    Labels, those of the data and those of task.classes, are brought to NFC, unless `rules` are earlier ones.
    """
    kind = facts(task)
    # Texts to write are learnt letter by letter, as they are.
    if rules.normalised_labels and not kind.learns_tokens:
        raw, task = raw.convert(normalise), _normalise_classes(task)
        if hasattr(task, "classes"):
            raw.refuse_empty(keys, origin)
    return LABEL_KINDS[kind.labels](raw, keys, task, origin, sizes)


def _normalise_classes(task: Any) -> Any:
    """Return a task whose labels and classes are in NFC."""
    classes = getattr(task, "classes", None)
    if classes is None:
        return task
    if isinstance(classes, Mapping):
        changed: Any = {normalise(label): normalise(name) for label, name in classes.items()}
    else:
        changed = tuple(map(normalise, classes))
    return task.model_copy(update={"classes": changed})
