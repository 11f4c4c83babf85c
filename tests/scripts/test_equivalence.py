"""Promise 4 as a table: what must not depend on the number of replicas, trained on 1, 2 and 4 and in two processes."""

from __future__ import annotations

from typing import Any

import equivalence
import pytest

# Those that cover most in the default run: BatchNorm with accumulation, and adapters on texts of several lengths.
# Clipping, accumulation, rates per unit, augmentation and dropout on two replicas and on two workers are in
# tests/runs/test_replicas.py and test_workers.py; that layers which draw do so by example, whatever else is in the
# batch, is in tests/graph/test_randomness.py. Workers differ from replicas in how gradients are exchanged, which no
# row changes. Whatever is not here is `slow`.
SHORT = {"BatchNorm train, accumulate 2": ("2",), "BERT, lora": ("2",)}
LONG = [(name, way) for name in equivalence.ROWS for way in equivalence.WAYS[1:] if way not in SHORT.get(name, ())]


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    return equivalence.table(tmp_path_factory.mktemp("short"), SHORT)


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    ways: dict[str, list[str]] = {}
    for name, way in LONG:
        ways.setdefault(name, []).append(way)
    return equivalence.table(tmp_path_factory.mktemp("long"), ways)


def assert_within(found: dict[str, dict[str, Any]], name: str, way: str) -> None:
    difference = found[name][way]
    assert difference.history <= equivalence.ROWS[name].tolerance
    assert difference.weights <= equivalence.ROWS[name].tolerance
    # Another order of summation leaves its trace: a difference of nothing at all would be the same run twice. A solver
    # sums on the host, and in one order.
    assert max(difference.history, difference.weights) > 0 or "lbfgs" in name


@pytest.mark.parametrize(("name", "way"), [(name, way) for name, ways in SHORT.items() for way in ways])
def test_the_number_of_replicas_changes_nothing(short: dict[str, dict[str, Any]], name: str, way: str) -> None:
    assert_within(short, name, way)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "way"), LONG)
def test_nor_does_it_for_the_rest_of_the_table(long: dict[str, dict[str, Any]], name: str, way: str) -> None:
    assert_within(long, name, way)
