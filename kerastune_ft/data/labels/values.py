"""Labels that are one or several numbers per example."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kerastune_ft.data.labels.base import Labels
from kerastune_ft.data.labels.raw import SEPARATOR, LabelColumns, RawLabels, SingleLabels
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.data.labels.written_numbers import find_remedy, read_number
from kerastune_ft.data.remedies import how_to_skip, other_data
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.wording import lines

_BINS = 5
_SHOWN = 5


class ValueLabels(Labels):
    """Numbers to be predicted: `numbers` is float64 [N, targets]."""

    kind = "values"
    has_classes = False

    @property
    def texts(self) -> list[str]:
        """For each example, its values with a separator between them."""
        return [SEPARATOR.join(repr(float(value)) for value in row) for row in self.numbers]

    @property
    def strata(self) -> tuple[np.ndarray, tuple[str, ...]]:
        """For each example, the fifth of the first target's values that it is in, and the names of the fifths."""
        values = self.numbers[:, 0]
        edges = np.unique(np.quantile(values, np.linspace(0, 1, _BINS + 1)[1:-1]))
        bins = np.searchsorted(edges, values, side="right").astype(np.int32)
        found = np.unique(bins)
        names = tuple(f"{self.names[0]}, part {number + 1} of {len(found)}" for number in range(len(found)))
        return np.searchsorted(found, bins).astype(np.int32), names

    def counts(self, indices: np.ndarray) -> dict[str, int]:
        """Return nothing: there are no classes."""
        return {}

    def statistics(self, indices: np.ndarray) -> dict[str, dict[str, float]]:
        """Return by target the mean, deviation, smallest and largest value of these examples."""
        return {
            name: {
                "mean": float(column.mean()),
                "deviation": float(column.std()),
                "smallest": float(column.min()),
                "largest": float(column.max()),
            }
            for name, column in zip(self.names, self.numbers[indices].astype(np.float64).T, strict=True)
        }

    def scheme(self, train: np.ndarray) -> LabelScheme:
        """Return what the labels mean; they are standardised by the examples `train`."""
        values = self.numbers[train].astype(np.float64)
        deviation = values.std(axis=0)
        for name, size in zip(self.names, deviation, strict=True):
            if not size > 0:
                raise DataError(
                    f"data.label: {name} has the same value in all training examples; nothing can be learnt."
                )
        return LabelScheme(self.kind, self.names, tuple(values.mean(axis=0).tolist()), tuple(deviation.tolist()))


def number_values(raw: RawLabels, keys: Sequence[str], task: Any, origin: str, sizes: Any = None) -> ValueLabels:
    """Return the numbers of every example, see `number_labels`."""
    kind = task.kind
    if not isinstance(raw, LabelColumns | SingleLabels):
        raise ConfigError(
            f"data.label: {origin} gives sets of labels, and {kind} needs numbers; name a column of numbers"
        )
    names = raw.names if isinstance(raw, LabelColumns) else ("value",)
    rows = raw.rows if isinstance(raw, LabelColumns) else [(text,) for text in raw.texts]
    # Dates and other large numbers need all the digits there are; what is learnt from is standardised first.
    numbers = np.empty((len(rows), len(names)), np.float64)
    bad: list[tuple[str, str]] = []
    texts: list[str] = []
    for row, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            value = read_number(cell)
            if value is None:
                texts.append(cell)
                bad.append((f'{keys[row]}: {names[column]} is "{cell}"', ""))
            else:
                numbers[row, column] = value
    if bad:
        nearly = find_remedy(texts)
        repair = f"{nearly}; or repair" if nearly else "Repair"
        of_classes = kind.replace("_regression", "_classification")
        remedy = how_to_skip((), "these examples")
        if other_data() is None:
            remedy = f'write "kind": "{of_classes}" in task if they are names of classes'
        raise DataError(
            f"data.label: {kind} needs numbers, and {len(bad)} labels of {origin} are none:\n{lines(bad, _SHOWN)}\n"
            f"{repair} them, or {remedy}."
        )
    return ValueLabels(tuple(names), numbers)
