"""Values of other libraries, without these libraries."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from kerastune_ft.data.in_memory.values import as_array, as_values, is_iterator, is_missing, name_type


class Tensor:
    """A tensor as those of torch: on a device, with a gradient."""

    shape = (2,)

    def detach(self) -> Tensor:
        return self

    def cpu(self) -> Tensor:
        return self

    def numpy(self) -> np.ndarray:
        return np.array([1, 2])


def test_tensors_and_series_become_arrays() -> None:
    assert as_array(Tensor()).tolist() == [1, 2]
    assert as_values(pd.Series(["a", "b"])).tolist() == ["a", "b"]
    assert as_values([1]) == [1]


@pytest.mark.parametrize(
    ("value", "expected"), [(None, True), (float("nan"), True), (pd.NaT, True), (pd.NA, True), ("", False), (0, False)]
)
def test_what_stands_for_no_value(value: Any, expected: bool) -> None:
    assert is_missing(value) is expected


def test_a_generator_can_be_read_once() -> None:
    assert is_iterator(one for one in "ab")
    assert not is_iterator(["a"])


def test_types_are_named_with_their_library() -> None:
    assert (name_type(1), name_type(pd.DataFrame())) == ("int", "pandas.DataFrame")
