"""From the labels as the data has them to numbers, and what those numbers mean.

A source hands over one of three forms: `SingleLabels` (one text per example), `LabelSets` (a set of texts per
example) or `LabelColumns` (one column per class or target). The task's options say what they are read as.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from kerastune_ft.config.options.tasks import Classification, Regression, Task
from kerastune_ft.data.labels.classes import class_names, number_classes, refuse_unlisted, sorted_labels
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.wording import lines

SEPARATOR = "|"
"""Between several labels of one example, wherever they are written as one text."""

_SHOWN = 5
_ONES = {"1", "1.0", "true"}
_ZEROS = {"0", "0.0", "false", ""}
_VALUE_BINS = 5


@dataclass(frozen=True)
class SingleLabels:
    """One label per example."""

    texts: Sequence[str]


@dataclass(frozen=True)
class LabelSets:
    """Any number of labels per example."""

    sets: Sequence[Sequence[str]]


@dataclass(frozen=True)
class LabelColumns:
    """One column per class (0 or 1) or per target (numbers); `rows` are as long as `names`."""

    names: tuple[str, ...]
    rows: Sequence[Sequence[str]]


RawLabels = SingleLabels | LabelSets | LabelColumns


@dataclass(frozen=True)
class LabelScheme:
    """What labels mean: classes of which one applies or several may, or values to be predicted."""

    kind: Literal["one", "several", "values"]
    names: tuple[str, ...]
    """The classes, or the targets, in the order of numbers and outputs."""
    mean: tuple[float, ...] = ()
    deviation: tuple[float, ...] = ()
    """Of values: those of the training examples, by which they are standardised while training."""

    def to_json(self) -> dict[str, Any]:
        """Return the scheme as a JSON object."""
        return {
            "kind": self.kind,
            "names": list(self.names),
            "mean": list(self.mean),
            "deviation": list(self.deviation),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> LabelScheme:
        """Return the scheme of a JSON object."""
        names, mean, deviation = (tuple(document[key]) for key in ("names", "mean", "deviation"))
        return cls(document["kind"], names, mean, deviation)


@dataclass(frozen=True)
class Labels:
    """The numbers of all examples: int32 [N] of classes, uint8 [N, classes] of 0 and 1, or float64 [N, targets]."""

    kind: Literal["one", "several", "values"]
    names: tuple[str, ...]
    numbers: np.ndarray

    @property
    def texts(self) -> list[str]:
        """Return the label of every example as one text, for fingerprints and splits.csv."""
        if self.kind == "one":
            return [self.names[number] for number in self.numbers]
        if self.kind == "several":
            return [SEPARATOR.join(self.names[place] for place in np.flatnonzero(row)) for row in self.numbers]
        return [SEPARATOR.join(repr(float(value)) for value in row) for row in self.numbers]

    @property
    def strata(self) -> tuple[np.ndarray, tuple[str, ...]]:
        """Return what splits are to be alike in, int32 [N] or uint8 [N, S], and the names of its numbers or columns.

        Classes, or fifths of the first target's values.
        """
        if self.kind != "values":
            return self.numbers, self.names
        values = self.numbers[:, 0]
        edges = np.unique(np.quantile(values, np.linspace(0, 1, _VALUE_BINS + 1)[1:-1]))
        bins = np.searchsorted(edges, values, side="right").astype(np.int32)
        found = np.unique(bins)
        names = tuple(f"{self.names[0]}, part {number + 1} of {len(found)}" for number in range(len(found)))
        return np.searchsorted(found, bins).astype(np.int32), names


def number_labels(raw: RawLabels, keys: Sequence[str], task: Task, origin: str) -> Labels:
    """Return the labels as numbers, or raise DataError naming the examples whose labels the task cannot take.

    `origin` names the data to the user, `keys` the examples.
    """
    if isinstance(task, Regression):
        return _values(raw, keys, task.kind, origin)
    assert isinstance(task, Classification)
    if task.multi_label:
        several = _several(raw, keys, task, origin)
        _refuse_separator(several.names, origin)
        return several
    if not isinstance(raw, SingleLabels):
        raise ConfigError(
            f'task.multi_label: {origin} gives several labels per example; write "multi_label": true in task, or '
            "name one label column in data.label"
        )
    names, numbers = number_classes(raw.texts, keys, task.classes, origin)
    return Labels("one", names, numbers)


def scheme_of(labels: Labels, train: np.ndarray) -> LabelScheme:
    """Return what the labels mean; values are standardised by the examples `train`."""
    if labels.kind != "values":
        return LabelScheme(labels.kind, labels.names)
    values = labels.numbers[train].astype(np.float64)
    deviation = values.std(axis=0)
    for name, size in zip(labels.names, deviation, strict=True):
        if not size > 0:
            raise DataError(f"data.label: {name} has the same value in all training examples; nothing can be learnt.")
    return LabelScheme("values", labels.names, tuple(values.mean(axis=0).tolist()), tuple(deviation.tolist()))


def _several(raw: RawLabels, keys: Sequence[str], task: Classification, origin: str) -> Labels:
    if isinstance(raw, LabelColumns):
        return _flags(raw, keys, task, origin)
    sets = [(text,) for text in raw.texts] if isinstance(raw, SingleLabels) else raw.sets
    found = sorted_labels({label for labels in sets for label in labels})
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
    return Labels("several", classes, numbers)


def _refuse_separator(names: Sequence[str], origin: str) -> None:
    """Raise ConfigError for a class that would read as two in predictions and splits.csv."""
    if divided := [name for name in names if SEPARATOR in name]:
        shown = ", ".join(f'"{name}"' for name in divided[:_SHOWN])
        raise ConfigError(
            f'task.classes: {origin} has the label {shown}, and "{SEPARATOR}" stands between several labels of one '
            'example wherever they are written; rename it, as  "classes": {"label": "name", ...}  in task, or give the '
            f'column\'s "separator" if "{SEPARATOR}" is one'
        )


def _flags(raw: LabelColumns, keys: Sequence[str], task: Classification, origin: str) -> Labels:
    """Return 0/1 columns as labels; task.classes may leave columns out, reorder and rename them."""
    named = class_names(list(raw.names), task.classes, origin)
    if absent := [name for name in named if name not in raw.names]:
        raise ConfigError(f"task.classes: {', '.join(absent)} is no label column; they are {', '.join(raw.names)}")
    classes = tuple(dict.fromkeys(named.values()))
    numbers = np.zeros((len(raw.rows), len(classes)), np.uint8)
    bad: list[tuple[str, str]] = []
    for row, cells in enumerate(raw.rows):
        for name, cell in zip(raw.names, cells, strict=True):
            text = cell.strip().lower()
            if name not in named:
                continue
            if text in _ONES:
                numbers[row, classes.index(named[name])] = 1
            elif text not in _ZEROS:
                bad.append((f'{keys[row]}: {name} is "{cell}"', ""))
    if bad:
        raise DataError(
            f"data.label: {len(bad)} cells of the label columns are neither 0 nor 1:\n{lines(bad, _SHOWN)}\n"
            "Write 1 where the label applies and 0 where it does not."
        )
    return Labels("several", classes, numbers)


def _values(raw: RawLabels, keys: Sequence[str], kind: str, origin: str) -> Labels:
    if isinstance(raw, LabelSets):
        raise ConfigError(
            f"data.label: {origin} gives sets of labels, and {kind} needs numbers; name a column of numbers"
        )
    names = raw.names if isinstance(raw, LabelColumns) else ("value",)
    rows = raw.rows if isinstance(raw, LabelColumns) else [(text,) for text in raw.texts]
    # Dates and other large numbers need all the digits there are; what is learnt from is standardised first.
    numbers = np.empty((len(rows), len(names)), np.float64)
    bad: list[tuple[str, str]] = []
    for row, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            value = _number(cell)
            if value is None:
                bad.append((f'{keys[row]}: {names[column]} is "{cell}"', ""))
            else:
                numbers[row, column] = value
    if bad:
        raise DataError(
            f"data.label: {kind} needs numbers, and {len(bad)} labels of {origin} are none:\n{lines(bad, _SHOWN)}\n"
            f'Repair them, or write "kind": "{kind.replace("_regression", "_classification")}" in task if they are '
            "names of classes."
        )
    return Labels("values", tuple(names), numbers)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
