"""Promise 4 as a table: what must not depend on the number of replicas, trained on 1, 2 and 4 and in two processes."""

from __future__ import annotations

from typing import Any

import equivalence
import pytest

# Those that cover most in the default run: clipping, accumulation, rates per unit, stochastic depth, BatchNorm, and
# adapters on stored texts of several lengths. The others are `slow`.
SHORT = ("sgd, accumulate 2, clip", "EfficientNetB0, all, adamw", "BatchNorm train, accumulate 2", "BERT, lora")
LONG = tuple(name for name in equivalence.ROWS if name not in SHORT)


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    return equivalence.table(tmp_path_factory.mktemp("short"), SHORT, equivalence.WAYS)


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    return equivalence.table(tmp_path_factory.mktemp("long"), LONG, equivalence.WAYS)


def assert_within(found: dict[str, dict[str, Any]], name: str, way: str) -> None:
    difference = found[name][way]
    assert difference.history <= equivalence.ROWS[name].tolerance
    assert difference.weights <= equivalence.ROWS[name].tolerance
    # Another order of summation leaves its trace: a difference of nothing at all would be the same run twice.
    assert max(difference.history, difference.weights) > 0


@pytest.mark.parametrize("way", equivalence.WAYS[1:])
@pytest.mark.parametrize("name", SHORT)
def test_the_number_of_replicas_changes_nothing(short: dict[str, dict[str, Any]], name: str, way: str) -> None:
    assert_within(short, name, way)


@pytest.mark.slow
@pytest.mark.parametrize("way", equivalence.WAYS[1:])
@pytest.mark.parametrize("name", LONG)
def test_nor_does_it_for_the_rest_of_the_table(long: dict[str, dict[str, Any]], name: str, way: str) -> None:
    assert_within(long, name, way)
