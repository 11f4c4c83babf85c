"""Batches of examples that share a length: which come when, and that none is lost."""

from __future__ import annotations

import numpy as np
import pytest

from kerastune_ft.input.order import batches_of, in_order, shuffled

BUCKETS = np.array([0, 1, 0, 0, 2, 1, 0, 1, 0, 2, 0, 1, 0])


def groups(order: object) -> list[list[int]]:
    indices, weights = order.indices.reshape(-1, order.batch), order.weights.reshape(-1, order.batch)
    return [row[weight > 0].tolist() for row, weight in zip(indices, weights, strict=True)]


def test_a_batch_comes_when_it_is_full_and_remainders_last() -> None:
    order = in_order(np.arange(13), 3, buckets=BUCKETS)
    assert groups(order) == [[0, 2, 3], [1, 5, 7], [6, 8, 10], [12], [11], [4, 9]]
    # What fills a batch up is of its own bucket.
    rows = BUCKETS[order.indices.reshape(-1, 3)]
    assert (rows == rows[:, :1]).all()


@pytest.mark.parametrize("replicas", [1, 2, 3])
@pytest.mark.parametrize("micro", [1, 2])
def test_every_example_once_whatever_the_replicas(replicas: int, micro: int) -> None:
    order = shuffled(np.arange(13), 4, replicas, (0, 0, 1), micro, BUCKETS)
    assert sorted(order.indices[order.weights > 0].tolist()) == list(range(13))
    assert order.batches == batches_of(np.arange(13), 4, BUCKETS)
    one = shuffled(np.arange(13), 4, 1, (0, 0, 1), 1, BUCKETS)
    assert [sorted(group) for group in groups(order)] == [sorted(group) for group in groups(one)]


def test_one_bucket_is_none() -> None:
    plain, one = in_order(np.arange(7), 3), in_order(np.arange(7), 3, buckets=np.zeros(7, int))
    assert plain.indices.tolist() == one.indices.tolist()
    assert plain.weights.tolist() == one.weights.tolist()
