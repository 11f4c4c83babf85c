"""Arrays of examples."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kerastune_ft.data.in_memory.arrays import collect_arrays, stack_arrays
from kerastune_ft.errors import ConfigError, DataError


def test_examples_and_labels_go_together() -> None:
    found = stack_arrays(np.zeros((2, 4, 4, 3), np.float16), ["a", "b"], several=False)
    assert (found.arrays["x"].dtype, found.arrays["y"].tolist()) == (np.float32, ["a", "b"])


def test_sounds_have_their_rate() -> None:
    found = collect_arrays({"x": np.zeros((2, 3000)), "y": [0, 1], "sample_rate": 8000}, several=False)
    assert int(found.arrays["sample_rate"]) == 8000


def test_words_beside_them_are_kept() -> None:
    x = np.zeros((2, 4, 4))
    found = collect_arrays({"x": x, "y": [0, 1], "who": np.array(["a", "b"], object)}, several=False)
    assert found.arrays["who"].dtype.kind == "U"
    with pytest.raises(DataError, match="'who' holds objects"):
        collect_arrays({"x": x, "y": [0, 1], "who": np.array([None, "b"], object)}, several=False)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros((0, 4, 4)), "has no examples"),
        (np.zeros((2, 64)), r"x\.reshape\(-1, height, width\)"),
        (np.zeros((2, 3000)), 'sounds need their rate.*"sample_rate": 16000'),
        (np.zeros((2, 3, 8, 8)), r"x\.transpose\(0, 2, 3, 1\)"),
        (np.zeros((2, 8, 8, 7)), "holds no pictures"),
        (np.zeros((2, 2, 2), complex), "holds no pictures or sounds"),
    ],
)
def test_what_holds_no_examples_is_refused_with_a_remedy(values: np.ndarray, message: str) -> None:
    with pytest.raises(DataError, match=message):
        stack_arrays(values, [0, 1], several=False)


@pytest.mark.parametrize("given", [{"x": np.zeros((2, 3, 3))}, {"y": [1, 2], "z": np.zeros((2, 3, 3))}])
def test_arrays_have_names(given: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="arrays need"):
        collect_arrays(given, several=False)
