from __future__ import annotations

from typing import get_args

from kerastune_ft.config.options.task_facts import LabelKind
from kerastune_ft.inspection.labels.build import FIND_SUSPECTS


def test_all_kinds_but_masks_are_looked_at() -> None:
    assert set(get_args(LabelKind)) - set(FIND_SUSPECTS) == {"mask"}
