from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kerastune_ft.training.phase.distances import measure_distances

VALUES = {"a/kernel": [[3.0, 4.0]], "a/bias": [0.0], "b/kernel": [2.0, 0.0], "b/mean": [5.0]}


def session(values: dict[str, Any]) -> Any:
    units = [
        SimpleNamespace(id=name, variables=[SimpleNamespace(path=path) for path in values if path.startswith(name)])
        for name in ("a", "b")
    ]
    arrays = {path: np.asarray(value, np.float32) for path, value in values.items()}
    return SimpleNamespace(units=units, values=lambda paths: {path: arrays[path] for path in paths})


def test_a_distance_is_that_of_all_variables_of_a_unit_together() -> None:
    before = {path: np.asarray(value, np.float32) for path, value in VALUES.items()}
    after = {**VALUES, "a/kernel": [[3.0, 5.0]], "a/bias": [2.0]}
    found = measure_distances(session(after), list(VALUES), before)
    assert found == {"a": pytest.approx(math.sqrt(1 + 4) / 5), "b": 0.0}


def test_only_the_named_variables_count_and_units_without_one_are_left_out() -> None:
    before = {path: np.asarray(value, np.float32) for path, value in VALUES.items()}
    assert measure_distances(session({**VALUES, "b/mean": [9.0]}), ["b/kernel"], before) == {"b": 0.0}


def test_from_zero_it_is_the_norm_itself() -> None:
    before = {"a/kernel": np.zeros(2, np.float32)}
    assert measure_distances(session({"a/kernel": [3.0, 4.0]}), ["a/kernel"], before) == {"a": 5.0}


def test_small_moves_of_large_values_are_not_lost_in_float32() -> None:
    before = {"a/kernel": np.full(1000, 1e4, np.float32)}
    one_bit = np.nextafter(np.float32(1e4), np.float32(2e4))
    found = measure_distances(session({"a/kernel": [one_bit] * 1000}), ["a/kernel"], before)
    assert found["a"] == pytest.approx((float(one_bit) - 1e4) / 1e4, rel=1e-9)
