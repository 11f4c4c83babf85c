"""What finds doubtful labels of each kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from kerastune_ft.config.options.task_facts import LabelKind
from kerastune_ft.inspection.labels import one_class, several_classes, values
from kerastune_ft.inspection.labels.base import Suspect

Find = Callable[[np.ndarray, np.ndarray, Sequence[str], np.ndarray], list[Suspect]]
"""Takes features, labels, names and folds."""

FIND_SUSPECTS: Mapping[LabelKind, Find] = {
    "one": one_class.find_suspects,
    "several": several_classes.find_suspects,
    "values": values.find_suspects,
}
"""By kind of labels, what finds the doubtful ones; masks, which are no function of one row of features, have none."""
