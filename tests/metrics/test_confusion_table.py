from __future__ import annotations

import numpy as np
import pytest

from kerastune_ft.metrics.confusion_table import name_columns, read_counts


def test_what_is_written_by_column_is_read_back() -> None:
    counts = np.arange(18).reshape(2, 3, 3)
    rows = [dict(zip(name_columns(3), map(str, one.ravel()), strict=True)) for one in counts]
    assert name_columns(2) == ["count_0_0", "count_0_1", "count_1_0", "count_1_1"]
    assert np.array_equal(read_counts(rows, 3), counts)
    assert read_counts([], 3).shape == (0, 3, 3)


def test_a_missing_column_and_a_cell_that_is_no_number_are_errors() -> None:
    with pytest.raises(KeyError):
        read_counts([{"count_0_0": "1"}], 2)
    with pytest.raises(ValueError, match="invalid literal"):
        read_counts([{"count_0_0": "1.5"}], 1)
