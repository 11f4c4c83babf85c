"""Batches of examples that share a length: which come when, and that none is lost."""

from __future__ import annotations

import numpy as np
import pytest

from kerastune_ft.input.order import count_batches, order_batches, shuffle_batches

INDICES = np.array([3, 4, 8, 10, 11, 15, 16], np.int64)

BUCKETS = np.array([0, 1, 0, 0, 2, 1, 0, 1, 0, 2, 0, 1, 0])


def groups(order: object) -> list[list[int]]:
    indices, weights = order.indices.reshape(-1, order.batch), order.weights.reshape(-1, order.batch)
    return [row[weight > 0].tolist() for row, weight in zip(indices, weights, strict=True)]


def test_a_batch_comes_when_it_is_full_and_remainders_last() -> None:
    order = order_batches(np.arange(13), 3, buckets=BUCKETS)
    assert groups(order) == [[0, 2, 3], [1, 5, 7], [6, 8, 10], [12], [11], [4, 9]]
    # What fills a batch up is of its own bucket.
    rows = BUCKETS[order.indices.reshape(-1, 3)]
    assert (rows == rows[:, :1]).all()


@pytest.mark.parametrize("replicas", [1, 2, 3])
@pytest.mark.parametrize("micro", [1, 2])
def test_every_example_once_whatever_the_replicas(replicas: int, micro: int) -> None:
    order = shuffle_batches(np.arange(13), 4, replicas, (0, 0, 1), micro, BUCKETS)
    assert sorted(order.indices[order.weights > 0].tolist()) == list(range(13))
    assert order.batches == count_batches(np.arange(13), 4, BUCKETS)
    one = shuffle_batches(np.arange(13), 4, 1, (0, 0, 1), 1, BUCKETS)
    assert [sorted(group) for group in groups(order)] == [sorted(group) for group in groups(one)]


@pytest.mark.parametrize("examples", [1, 2, 7, 12, 13])
@pytest.mark.parametrize("batch", [1, 4, 12, 20])
def test_steps_of_an_epoch_by_dealing_out(examples: int, batch: int) -> None:
    left, steps = examples, 0
    while left > 0:
        left, steps = left - batch, steps + 1
    assert count_batches(np.arange(examples), batch) == steps == order_batches(np.arange(examples), batch).batches
    buckets = np.arange(examples) % 3
    by_bucket = sum(-(-sum(1 for number in buckets if number == one) // batch) for one in set(buckets.tolist()))
    assert count_batches(np.arange(examples), batch, buckets) == by_bucket


def test_one_bucket_is_none() -> None:
    plain, one = order_batches(np.arange(7), 3), order_batches(np.arange(7), 3, buckets=np.zeros(7, int))
    assert plain.indices.tolist() == one.indices.tolist()
    assert plain.weights.tolist() == one.weights.tolist()


def test_the_order_of_an_epoch_is_a_function_of_its_address() -> None:
    indices = np.arange(100)
    orders = {
        address: shuffle_batches(indices, 8, 2, address).indices
        for address in ((7, 0, 0), (7, 0, 1), (7, 1, 0), (8, 0, 0))
    }
    for address, found in orders.items():
        order = shuffle_batches(indices, 8, 2, address)
        assert np.array_equal(order.indices, found)
        assert sorted(order.indices[order.weights > 0]) == list(range(100))
        assert sum(np.mean(found == other) > 0.2 for other in orders.values()) == 1
    # The batch's shape decides how examples are grouped, not their order.
    other = shuffle_batches(indices, 10, 1, (7, 0, 0))
    first = shuffle_batches(indices, 8, 2, (7, 0, 0))
    assert np.array_equal(other.indices[other.weights > 0], first.indices[first.weights > 0])


def test_an_order_is_cut_between_batches() -> None:
    order = order_batches(INDICES, 2)
    for done in range(order.batches + 1):
        before, after = order.take(done), order.skip(done)
        assert (before.batches, after.batches) == (done, order.batches - done)
        assert np.array_equal(np.concatenate([before.indices, after.indices]), order.indices)
        assert np.array_equal(np.concatenate([before.weights, after.weights]), order.weights)
    assert np.array_equal(order.skip(1).take(1).indices, order.indices[2:4])
