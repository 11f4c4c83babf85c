"""Promise 4 as a table: what must not depend on the number of replicas, trained on 1, 2 and 4 and in two processes."""

from __future__ import annotations

from typing import Any

import equivalence
import pytest

# Two replicas, two workers and trained BatchNorm are in tests/runs/test_replicas.py, tests/runs/test_workers.py and
# tests/training/devices/test_reduction.py in the default run; that layers which draw do so by example, whatever else is
# in the batch, is in tests/graph/test_randomness.py.
pytestmark = pytest.mark.slow

PAIRS = [(name, way) for name in equivalence.ROWS for way in equivalence.WAYS[1:]]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    rows = dict.fromkeys(equivalence.ROWS, equivalence.WAYS[1:])
    return equivalence.table(tmp_path_factory.mktemp("rows"), rows)


@pytest.mark.parametrize(("name", "way"), PAIRS)
def test_the_number_of_replicas_changes_nothing(found: dict[str, dict[str, Any]], name: str, way: str) -> None:
    difference, tolerance = found[name][way], equivalence.ROWS[name].tolerance
    assert difference.history <= tolerance
    assert difference.weights <= tolerance
    # Another order of summation leaves its trace: a difference of nothing at all would be the same run twice. A solver
    # sums on the host, and in one order.
    assert max(difference.history, difference.weights) > 0 or "lbfgs" in name
