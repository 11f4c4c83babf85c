"""Labels that are any number of classes per example."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kerastune_ft.data.labels.base import Labels
from kerastune_ft.data.labels.classes import class_names, refuse_unlisted, sort_labels
from kerastune_ft.data.labels.raw import SEPARATOR, LabelColumns, LabelSets, RawLabels, SingleLabels
from kerastune_ft.data.labels.written_numbers import REMEDY, has_decimal_comma
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.wording import lines

_SHOWN = 5
_ONES = {"1", "1.0", "true"}
_ZEROS = {"0", "0.0", "false", ""}


class SeveralClassesLabels(Labels):
    """Any number of classes per example: `numbers` is uint8 [N, classes] of 0 and 1."""

    kind = "several"

    @property
    def texts(self) -> list[str]:
        """For each example, the names of its classes with a separator between them."""
        return [SEPARATOR.join(self.names[place] for place in np.flatnonzero(row)) for row in self.numbers]

    def counts(self, indices: np.ndarray) -> dict[str, int]:
        """Return by class how many of these examples have it."""
        return dict(zip(self.names, self.numbers[indices].sum(axis=0).tolist(), strict=True))

    def balanced_weights(self, indices: np.ndarray) -> tuple[float, ...]:
        """Return by class the ratio of examples without it to those with it; 1 where no example has it."""
        counts = self.counts(indices).values()
        return tuple(max(len(indices) - count, 1) / count if count else 1.0 for count in counts)


def number_several_classes(
    raw: RawLabels, keys: Sequence[str], task: Any, origin: str, sizes: Any = None
) -> SeveralClassesLabels:
    """Return the classes of every example, see `number_labels`."""
    match raw:
        case LabelColumns():
            labels = _number_columns(raw, keys, task, origin)
        case LabelSets(sets):
            labels = _number_sets(sets, keys, task, origin)
        case SingleLabels(texts):
            labels = _number_sets([(text,) for text in texts], keys, task, origin)
        case _:
            raise ConfigError(f"data.label: {origin} gives masks, and {task.kind} needs the names of classes")
    _refuse_separator(labels.names, origin)
    return labels


def _number_sets(sets: Sequence[Sequence[str]], keys: Sequence[str], task: Any, origin: str) -> SeveralClassesLabels:
    found = sort_labels({label for labels in sets for label in labels})
    named = class_names(found, task.classes, origin)
    if unlisted := [label for label in found if label not in named]:
        refuse_unlisted(
            unlisted, lambda label: [key for key, own in zip(keys, sets, strict=True) if label in own], named
        )
    classes = tuple(dict.fromkeys(named.values()))
    number = {label: classes.index(name) for label, name in named.items()}
    numbers = np.zeros((len(sets), len(classes)), np.uint8)
    for row, labels in enumerate(sets):
        numbers[row, [number[label] for label in labels]] = 1
    return SeveralClassesLabels(classes, numbers)


def _number_columns(raw: LabelColumns, keys: Sequence[str], task: Any, origin: str) -> SeveralClassesLabels:
    """Return 0/1 columns as labels; task.classes may leave columns out, reorder and rename them."""
    named = class_names(list(raw.names), task.classes, origin)
    if absent := [name for name in named if name not in raw.names]:
        raise ConfigError(f"task.classes: {', '.join(absent)} is no label column; they are {', '.join(raw.names)}")
    classes = tuple(dict.fromkeys(named.values()))
    numbers = np.zeros((len(raw.rows), len(classes)), np.uint8)
    bad: list[tuple[str, str]] = []
    is_comma = False
    for row, cells in enumerate(raw.rows):
        for name, cell in zip(raw.names, cells, strict=True):
            text = cell.strip().lower()
            if name not in named:
                continue
            if text in _ONES:
                numbers[row, classes.index(named[name])] = 1
            elif text not in _ZEROS:
                is_comma = is_comma or has_decimal_comma(cell)
                bad.append((f'{keys[row]}: {name} is "{cell}"', ""))
    if bad:
        commas = f"{REMEDY}. " if is_comma else ""
        raise DataError(
            f"data.label: {len(bad)} cells of the label columns are neither 0 nor 1:\n{lines(bad, _SHOWN)}\n"
            f"{commas}Write 1 where the label applies and 0 where it does not."
        )
    return SeveralClassesLabels(classes, numbers)


def _refuse_separator(names: Sequence[str], origin: str) -> None:
    """Raise ConfigError for a class that would read as two in predictions and splits.csv."""
    if divided := [name for name in names if SEPARATOR in name]:
        shown = ", ".join(f'"{name}"' for name in divided[:_SHOWN])
        raise ConfigError(
            f'task.classes: {origin} has the label {shown}, and "{SEPARATOR}" stands between several labels of one '
            'example wherever they are written; rename it, as  "classes": {"label": "name", ...}  in task, or give the '
            f'column\'s "separator" if "{SEPARATOR}" is one'
        )
