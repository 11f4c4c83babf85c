"""Labels that are one class per example."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kerastune_ft.data.labels.base import Labels
from kerastune_ft.data.labels.classes import number_classes
from kerastune_ft.data.labels.raw import LabelColumns, RawLabels, SingleLabels
from kerastune_ft.data.labels.several_classes import number_several_classes
from kerastune_ft.data.remedies import how_to_skip, other_data
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.wording import counted, lines

_SHOWN = 5


class OneClassLabels(Labels):
    """One class per example: `numbers` is int32 [N]."""

    kind = "one"
    contradiction = "in more than one class, so one of the labels is wrong"

    @property
    def texts(self) -> list[str]:
        """For each example, the name of its class."""
        return [self.names[number] for number in self.numbers]

    def counts(self, indices: np.ndarray) -> dict[str, int]:
        """Return by class how many of these examples have it."""
        found = np.bincount(self.numbers[indices], minlength=len(self.names))
        return dict(zip(self.names, found.tolist(), strict=True))


def number_one_class(raw: RawLabels, keys: Sequence[str], task: Any, origin: str, sizes: Any = None) -> OneClassLabels:
    """Return the class of every example, see `number_labels`."""
    if isinstance(raw, LabelColumns):
        return _number_columns(raw, keys, task, origin)
    if not isinstance(raw, SingleLabels):
        if other_data() is not None:
            raise DataError(f"--data: {origin} gives several labels per example, and the run's examples have one")
        raise ConfigError(
            f'task.multi_label: {origin} gives several labels per example; write "multi_label": true in task, or '
            "name one label column in data.label"
        )
    return OneClassLabels(*number_classes(raw.texts, keys, task.classes, origin))


def _number_columns(raw: LabelColumns, keys: Sequence[str], task: Any, origin: str) -> OneClassLabels:
    """Return the class whose column holds the one 1 of each row."""
    flags = number_several_classes(raw, keys, task, origin)
    ones = flags.numbers.sum(axis=1)
    wrong = [(keys[row], f"{ones[row]} of {len(flags.names)} columns") for row in np.flatnonzero(ones != 1).tolist()]
    if wrong and other_data() is not None:
        raise DataError(
            f"--data: of the columns of classes {counted(len(wrong), 'row')} of {len(ones)} in {origin} "
            f"{'has' if len(wrong) == 1 else 'have'} not exactly one with 1:\n{lines(wrong, _SHOWN)}\n"
            f"Repair the rows, or {how_to_skip((), 'them')}."
        )
    if wrong:
        raise ConfigError(
            f"task.multi_label: {origin} gives several labels per example, or none: of the columns of classes "
            f"{counted(len(wrong), 'row')} of {len(ones)} {'has' if len(wrong) == 1 else 'have'} not "
            f"exactly one with 1:\n{lines(wrong, _SHOWN)}\n"
            'Write "multi_label": true in task, name one label column in data.label, or repair the rows.'
        )
    return OneClassLabels(flags.names, flags.numbers.argmax(axis=1).astype(np.int32))
