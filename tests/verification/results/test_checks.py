from __future__ import annotations

from typing import get_args

from kerastune_ft.config.options.task_facts import LabelKind
from kerastune_ft.verification.results.checks import CHECKS


def test_every_kind_of_labels_has_a_check() -> None:
    assert set(CHECKS) == set(get_args(LabelKind))
