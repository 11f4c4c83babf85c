from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from kerastune_ft.doctor.selftest import differences
from tests.support.compared_weights import KERNEL, write_run


def test_equal_runs_differ_by_nothing_whatever_the_seconds(tmp_path: Path) -> None:
    found = differences.compare_runs(write_run(tmp_path / "a"), write_run(tmp_path / "b", seconds=2.0))
    assert found.largest == 0 and found.compared == "1 epoch, 2 weights, 1 prediction"


@pytest.mark.parametrize(
    ("changed", "largest", "where"),
    [
        ({"loss": 0.75}, 0.25, "history"),
        ({"kernel": KERNEL + np.float32(0.125)}, 0.125, "weights"),
        ({"probability": 0.5}, 0.25, "predictions"),
        ({"kernel": KERNEL[:, :1]}, math.inf, "weights"),
        ({"kernel": KERNEL * np.nan}, math.inf, "weights"),
        ({"loss": math.nan}, math.inf, "history"),
    ],
)
def test_the_largest_difference_is_found_where_it_is(
    tmp_path: Path, changed: dict[str, float], largest: float, where: str
) -> None:
    found = differences.compare_runs(write_run(tmp_path / "a"), write_run(tmp_path / "b", **changed))  # type: ignore[arg-type]
    assert (found.largest, found.where) == (largest, where)


@pytest.mark.parametrize("name", ["history.csv", "evaluation/predictions.csv", "phases/00-head/best.safetensors"])
def test_what_one_run_lacks_differs_infinitely(tmp_path: Path, name: str) -> None:
    one, other = write_run(tmp_path / "a"), write_run(tmp_path / "b")
    (other / name).unlink()
    assert differences.compare_runs(one, other).largest == math.inf


def test_arrays_that_are_not_numbers_at_the_same_places_are_equal() -> None:
    one = np.array([np.nan, 1.0, np.inf])
    assert differences.measure_difference(one, one + np.array([0, 0.5, 0])) == 0.5
    assert differences.measure_difference(one, np.array([0.0, 1.0, np.inf])) == math.inf
    assert differences.measure_difference(np.array([0.0]), np.array([-0.0])) == 0.0


def test_frozen_variables_are_compared_with_the_file_they_began_with(tmp_path: Path) -> None:
    values = {name: np.full(3, number, np.float32) for number, name in enumerate("abc")}
    save_file(values, tmp_path / "weights.safetensors")
    after = {name: hashlib.sha256(value.tobytes()).hexdigest() for name, value in values.items()}
    phases = [{"frozen": {"after": after}}, {"frozen": {"after": {"a": after["a"], "b": "another", "head": "x"}}}]
    (tmp_path / "manifest.json").write_text(json.dumps({"phases": phases}))
    found = differences.compare_with_file(tmp_path, tmp_path / "weights.safetensors")
    assert found.largest == 1 and found.compared == "2 frozen variables"
    (tmp_path / "manifest.json").write_text(json.dumps({"phases": [{"frozen": {"after": {"head": "x"}}}]}))
    assert differences.compare_with_file(tmp_path, tmp_path / "weights.safetensors").largest == math.inf


def test_answers_are_compared_with_predictions(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a")
    assert differences.compare_answers(run, np.array([[0.25, 0.75]])).largest == 0
    assert differences.compare_answers(run, np.array([[0.5, 0.5]])).largest == 0.25
    # A model of two classes may answer with the probability of the second alone.
    assert differences.compare_answers(run, np.array([0.75])).largest == 0
