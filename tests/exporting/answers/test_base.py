from __future__ import annotations

from typing import get_args

import numpy as np

from kerastune_ft.config.options.task_facts import LabelKind
from kerastune_ft.exporting.answers.base import Compared, load_comparison


def test_every_kind_of_label_has_a_comparison() -> None:
    assert all(callable(load_comparison(kind).compare) for kind in set(get_args(LabelKind)) - {"boxes", "text"})


def test_an_answer_that_is_no_number_is_infinitely_far() -> None:
    assert Compared(np.array([0.1, np.nan]), "", [], "", 1.0, 1.0).largest == np.inf
    assert Compared(np.array([]), "", [], "", 1.0, 1.0).largest == 0
