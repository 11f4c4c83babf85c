"""What finds doubtful labels of each kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from kerastune_ft.config.options.task_facts import LabelKind
from kerastune_ft.inspection.findings import Finding
from kerastune_ft.inspection.labels import boxes, one_class, several_classes, values
from kerastune_ft.inspection.labels.base import Suspect

Find = Callable[[np.ndarray, np.ndarray, Sequence[str], np.ndarray], list[Suspect]]
"""Takes features, labels, names and folds."""

FIND_SUSPECTS: Mapping[LabelKind, Find] = {
    "one": one_class.find_suspects,
    "several": several_classes.find_suspects,
    "values": values.find_suspects,
}
"""By kind of labels, what finds the doubtful ones.

Masks and boxes have none: they are no function of one row of features.
"""

FIND_ALONE: Mapping[LabelKind, Callable[[Any, np.ndarray, Sequence[str]], list[Finding | None]]] = {
    "boxes": boxes.find_in_boxes,
}
"""By kind of labels, what finds faults in the labels by themselves; it takes them, the examples and their splits."""

WATCHED: Mapping[LabelKind, str] = {"mask": "the IoU of each class"}
"""By kind of labels, the metric that shows how rare classes fare, where that is not macro F1."""


def find_apart(
    find: Find, features: np.ndarray, labels: np.ndarray, names: Sequence[str], folds: np.ndarray, is_test: np.ndarray
) -> list[Suspect]:
    """Return the doubtful labels, the most doubtful first; those of test decide nothing about the others.

    What is trained on may be chosen by the result, and may not depend on labels of test. `is_test` are flags by
    position.
    """
    others = np.flatnonzero(~is_test)
    found = [
        replace(each, position=int(others[each.position]))
        for each in find(features[others], labels[others], names, folds[others])
    ]
    if is_test.any():
        found += [each for each in find(features, labels, names, folds) if is_test[each.position]]
    return sorted(found, key=lambda each: -each.doubt)
