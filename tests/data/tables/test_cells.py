from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kerastune_ft.data.tables.cells import cell_text


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (" cat ", "cat"),
        (None, ""),
        (True, "1"),
        (False, "0"),
        (7, "7"),
        (7.0, "7"),
        (0.1, "0.1"),
        (np.float32(0.1), "0.1"),
        (np.int64(12), "12"),
        (float("nan"), ""),
        (float("inf"), "inf"),
        (b" caf\xc3\xa9 ", "café"),
        ("café", "café"),
    ],
)
def test_a_cell_reads_as_a_person_writes_it(cell: Any, text: str) -> None:
    assert cell_text(cell) == text


@pytest.mark.parametrize("cell", [[1, 2], (1,), {"a": 1}, b"\xff", "half \ud800"])
def test_what_no_text_can_stand_for_is_none(cell: Any) -> None:
    assert cell_text(cell) is None
