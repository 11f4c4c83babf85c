"""The most probable classes of an input, as columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.errors import ConfigError

_LABEL, _PROBABILITY, _OF_CLASS = "label", "probability", "probability_"


class TopClasses:
    """Puts the most probable classes, `label, probability, label_2, probability_2, ...`, for a column per class."""

    def __init__(self, scheme: LabelScheme, wanted: int) -> None:
        """Raise ConfigError where a prediction is not one class, or for less than one class."""
        if not scheme.is_one_class:
            remedy = "; their probabilities are columns already" if scheme.has_classes and not scheme.raw_values else ""
            raise ConfigError(f"--top: predictions of this run are {scheme.meaning}, which have no order{remedy}")
        if wanted < 1:
            raise ConfigError(f"--top: {wanted} is no number of classes; write 1 or more")
        self._names = scheme.names
        self._count = min(wanted, len(scheme.names))
        self.notes = (
            [f"--top {wanted}: the run has {len(scheme.names)} classes: all {len(scheme.names)} are given"]
            if wanted > len(scheme.names)
            else []
        )

    def columns(self, columns: tuple[str, ...]) -> tuple[str, ...]:
        """Return the columns of predictions with those of the ranks in the place of those of the classes."""
        own = {_LABEL, _PROBABILITY, *(_OF_CLASS + name for name in self._names)}
        place = columns.index(_LABEL)
        ranks = [f"{name}{ending}" for ending in self._endings() for name in (_LABEL, _PROBABILITY)]
        return (*columns[:place], *ranks, *(name for name in columns[place:] if name not in own))

    def rank(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return a row with cells for the ranks; they are empty where the input could not be read."""
        ranked: list[tuple[Any, Any]] = [(None, None)] * self._count
        if row[_LABEL] is not None:
            # The label is the first even where rounding has made another one equal to it.
            found = sorted(self._names, key=lambda name: (name != row[_LABEL], -row[_OF_CLASS + name]))
            ranked = [(name, row[_OF_CLASS + name]) for name in found[: self._count]]
        cells = dict(row)
        for ending, (label, probability) in zip(self._endings(), ranked, strict=True):
            cells |= {_LABEL + ending: label, _PROBABILITY + ending: probability}
        return cells

    def _endings(self) -> list[str]:
        return ["", *(f"_{place}" for place in range(2, self._count + 1))]
