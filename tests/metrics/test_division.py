from __future__ import annotations

import numpy as np

from kerastune_ft.metrics.division import divide, divide_sums, nan_mean


def test_nothing_divided_by_nothing_is_undefined_in_float64() -> None:
    found = divide(np.array([3, 0, 2], np.int64), np.array([2, 0, 0]))
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, [1.5, np.nan, np.nan])
    # A row for every class, a column for every resample.
    np.testing.assert_array_equal(divide(np.ones((2, 2)), np.array([4.0, 0.0])), [[0.25, np.nan], [0.25, np.nan]])
    assert np.isnan(divide(np.int64(0), np.int64(0)))


def test_sums_are_taken_in_float64_before_they_are_divided() -> None:
    large = np.array([1 << 24, 1, 1], np.float32)
    assert divide_sums(large, np.array([1, 1], np.float32)) == (2**24 + 2) / 2
    assert np.isnan(divide_sums(large, np.zeros(2, np.float32)))


def test_a_mean_leaves_out_what_is_undefined() -> None:
    rows = np.array([[1.0, np.nan, np.nan], [2.0, 4.0, np.nan]])
    np.testing.assert_array_equal(nan_mean(rows), [1.5, 4.0, np.nan])
