"""Gradients, sums and counters have types of their own, whichever operation exchanges them between devices."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastune_ft.graph.rebuild.precision import FLOAT16, FLOAT32
from tests.support.processes import HANG, environment

# As OPERATIONS of reduction_steps.py has them, which imports TensorFlow.
OPERATIONS = ("one device", "hierarchical copy", "collective")
TYPES = ("float16", "float64", "int32", "float32", "float16", "int64", "float32")


def _run(folder: Path, *words: str) -> dict[str, Any]:
    """Return what reduction_steps.py prints, by cross-device operation."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.reduction_steps", *words],
        capture_output=True,
        text=True,
        env=environment(folder),
        timeout=HANG,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def _check_steps(made: dict[str, Any], operation: str, policy: str, tolerance: float) -> None:
    one, two = made["one replica"]["steps"][policy], made[operation]["steps"][policy]
    np.testing.assert_allclose(two["weights"], one["weights"], rtol=0, atol=tolerance)
    for sums, expected in zip(two["sums"], one["sums"], strict=True):
        # The last is what each replica asked for, 1 each.
        assert sums[:-1] == pytest.approx(expected[:-1], rel=tolerance)
        assert sums[-1] == 2 * expected[-1] == 2


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Float32 steps by the operations that pack tensors."""
    return _run(tmp_path_factory.mktemp("reduction"))


@pytest.mark.parametrize("operation", ["hierarchical copy", "collective"])
def test_a_step_is_that_of_one_device(made: dict[str, Any], operation: str) -> None:
    _check_steps(made, operation, FLOAT32, 2e-6)
    # Replica r gives r x p at place p, p times: 1 and 2 make 3.
    assert made[operation]["types"] == [[kind, [3.0 * place] * place] for place, kind in enumerate(TYPES, start=1)]


def test_nccl_gets_one_type_at_a_time(made: dict[str, Any]) -> None:
    # One packed vector of a type on each of two devices; a sum of several types could not even be compiled.
    assert {"float16", "float32", "float64"} <= set(made["nccl"])
    assert all(made["nccl"].count(kind) == 2 for kind in made["nccl"])


@pytest.mark.slow
def test_all_operations_in_all_precisions(tmp_path: Path) -> None:
    made = _run(tmp_path, "all")
    for operation in OPERATIONS:
        _check_steps(made, operation, FLOAT32, 2e-6)
        _check_steps(made, operation, FLOAT16, 2e-3)
        # The sum of two numbers has one rounding, in whatever order.
        assert made[operation] == made[OPERATIONS[0]]
