"""Labels in memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from kerastune_ft.data.in_memory.labels import read_labels
from kerastune_ft.errors import ConfigError, DataError


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["a", "b"], ["a", "b"]),
        ((1, 2), [1, 2]),
        (np.array([True, False]), [True, False]),
        ([True, 0], [1, 0]),
        (np.array([[0.5], [1.5]]), [0.5, 1.5]),
        (pd.Series(["007", "8"]), ["007", "8"]),
        (pd.Categorical(["x", "y"]), ["x", "y"]),
        (np.array([b"a", b"b"]), ["a", "b"]),
        ([{"b"}, ["a", "b"]], [["b"], ["a", "b"]]),
        ([np.int64(3), 4.5], [3, 4.5]),
        (np.eye(2), [0, 1]),
    ],
)
def test_labels_are_a_list_of_words_or_numbers(given: Any, expected: list[Any]) -> None:
    assert read_labels(given, 2, "example") == expected


def test_columns_of_numbers_stay_apart() -> None:
    assert read_labels(np.array([[1, 1], [0, 1]]), 2, "example").tolist() == [[1, 1], [0, 1]]
    assert read_labels(np.eye(2), 2, "example", several=True).tolist() == [[1, 0], [0, 1]]
    assert read_labels(np.array([[0.5, 1], [2, 1]]), 2, "example").tolist() == [[0.5, 1], [2, 1]]


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (None, ConfigError, "2 examples without labels"),
        ("a", ConfigError, "'a' is one label"),
        (3, ConfigError, "int is no list of labels"),
        (np.zeros((2, 2, 2)), ConfigError, "shape"),
        (["a"], DataError, "1 label for 2 examples"),
        (["a", None], DataError, r"\[1\] of 2 labels are missing"),
        ([float("nan"), 1.0], DataError, r"\[0\] of 2 labels are missing"),
        (["a", 1], DataError, r"different types: 'a' at \[0\] and 1 at \[1\]"),
        ([object(), "a"], DataError, r"\[0\] is a object"),
        (np.array([[np.nan, 1], [0, 1]]), DataError, r"\[0\] of the labels have NaN"),
        (np.array([["a", "b"], ["a", "b"]]), DataError, "several columns"),
    ],
)
def test_what_is_no_label_is_named(given: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        read_labels(given, 2, "example")
