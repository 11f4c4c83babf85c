"""Gradients, sums and counters have types of their own, whichever operation exchanges them between devices."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from kerastune_ft.graph.precision import FLOAT16, FLOAT32
from tests.support.processes import HANG, environment

# As OPERATIONS of reduction_steps.py has them, which imports TensorFlow.
OPERATIONS = ("one device", "hierarchical copy", "collective")
TYPES = ("float16", "float64", "int32", "float32", "float16", "int64", "float32")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What reduction_steps.py printed, by cross-device operation."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.reduction_steps"],
        capture_output=True,
        text=True,
        env=environment(tmp_path_factory.mktemp("reduction")),
        timeout=HANG,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("operation", "policy", "tolerance"),
    [*((operation, FLOAT32, 2e-6) for operation in OPERATIONS), ("collective", FLOAT16, 2e-3)],
)
def test_a_step_is_that_of_one_device(made: dict[str, Any], operation: str, policy: str, tolerance: float) -> None:
    one, two = made["one replica"]["steps"][policy], made[operation]["steps"][policy]
    np.testing.assert_allclose(two["weights"], one["weights"], rtol=0, atol=tolerance)
    for sums, expected in zip(two["sums"], one["sums"], strict=True):
        # The last is what each replica asked for, 1 each.
        assert sums[:-1] == pytest.approx(expected[:-1], rel=tolerance)
        assert sums[-1] == 2 * expected[-1] == 2


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_type_is_summed(made: dict[str, Any], operation: str) -> None:
    # Replica r gives r x p at place p, p times: 1 and 2 make 3.
    expected = [[kind, [3.0 * place] * place] for place, kind in enumerate(TYPES, start=1)]
    assert made[operation]["types"] == expected


def test_all_operations_sum_two_replicas_to_the_same_bits(made: dict[str, Any]) -> None:
    # The sum of two numbers has one rounding, in whatever order.
    steps = [made[operation]["steps"][FLOAT32] for operation in OPERATIONS]
    assert steps[1] == steps[0] and steps[2] == steps[0]


def test_nccl_gets_one_type_at_a_time(made: dict[str, Any]) -> None:
    # One packed vector of a type on each of two devices; a sum of several types could not even be compiled.
    assert {"float16", "float32", "float64"} <= set(made["nccl"])
    assert all(made["nccl"].count(kind) == 2 for kind in made["nccl"])
