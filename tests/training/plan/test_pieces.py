from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import numpy as np
import pytest

from kerastune_ft.config.options.phases import Phase
from kerastune_ft.input.order import order_batches
from kerastune_ft.training.plan.phase_plan import PhasePlan
from kerastune_ft.training.plan.pieces import describe_pair, find_pieces, in_pieces, piece_counts, smaller_pair


def _plan(batch_size: int, accumulate: int | str = 1, examples: int = 1000, **options: Any) -> PhasePlan:
    phase = Phase.model_validate({
        "name": "top", "unfreeze": "all", "epochs": 1, "learning_rate": 0.1,
        "batch_size": batch_size, "accumulate": accumulate, **options,
    })  # fmt: skip
    size, count = min(batch_size, examples), phase.update_size // batch_size
    empty = {field.name: None for field in dataclasses.fields(PhasePlan)}
    return PhasePlan(
        **{**empty, "phase": phase, "batch_size": size, "micro_batches": count, "update_batch": size * count}
    )


@pytest.mark.parametrize(
    ("update", "replicas", "counts"),
    [
        (32, 1, [1, 2, 4, 8, 16, 32]),
        (32, 2, [1, 2, 4, 8, 16]),
        # 3 pieces of 16 leave no padding, and neither do 2 of 24.
        (48, 4, [1, 2, 4, 12]),
        (49, 1, [1, 2, 5, 10, 25, 49]),
        (1, 1, [1]),
        (3, 8, [1]),
    ],
)
def test_pieces_halve_at_least_and_end_with_one_example_on_each_replica(
    update: int, replicas: int, counts: list[int]
) -> None:
    found = piece_counts(update, replicas)
    assert found == counts
    for one, other in itertools.pairwise(found):
        assert 2 * one <= other <= 3 * one or other == -(-update // replicas)


@pytest.mark.parametrize("update", [32, 48, 49, 7])
@pytest.mark.parametrize("replicas", [1, 2, 4])
def test_pieces_hold_the_examples_of_the_whole_batch_once(update: int, replicas: int) -> None:
    indices = np.random.default_rng(0).permutation(3 * update - 2)
    whole = order_batches(indices, update, replicas)
    for count in piece_counts(update, replicas):
        order = order_batches(indices, update, replicas, count)
        assert order.batches == whole.batches
        assert order.batch % (replicas * count) == 0
        for number in range(order.batches):
            own, all_of_them = (
                each.skip(number).take(1).indices[each.skip(number).take(1).weights > 0] for each in (order, whole)
            )
            assert sorted(own) == sorted(all_of_them)


@pytest.mark.parametrize(
    ("plan", "pair"),
    [
        (_plan(32), (16, 2)),
        (_plan(32, 4), (16, 8)),
        (_plan(45), (15, 3)),
        (_plan(1, 32), None),
        # No more than there are: one update an epoch, however it is divided.
        (_plan(64, examples=49), (25, 2)),
        (_plan(32, batch_norm="train"), None),
        (in_pieces(_plan(32, "auto"), 4), (4, 8)),
        (in_pieces(_plan(45, "auto"), 2), (15, 3)),
    ],
)
def test_the_next_smaller_pair_makes_the_same_updates(plan: PhasePlan, pair: tuple[int, int] | None) -> None:
    assert smaller_pair(plan) == pair
    if pair is not None:
        assert pair[0] * pair[1] >= plan.update_batch
        assert pair[0] < plan.update_batch


def test_a_pair_is_said_as_it_is_written() -> None:
    assert describe_pair((16, 2)) == '"batch_size": 16 with "accumulate": 2'


def test_a_choice_is_obeyed_on_as_many_replicas() -> None:
    document = {"devices": {"replicas": 2}, "phases": [{"pieces": 4}, {"pieces": None}, {}]}
    assert [find_pieces(document, index, 2) for index in range(4)] == [4, None, None, None]
    assert find_pieces(document, 0, 1) is None
    assert find_pieces(None, 0, 1) is None
