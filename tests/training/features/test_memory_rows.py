"""Stored features in memory: the same rows, those of several lengths as one store where their shapes allow it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.training.devices.memory import MemoryLimit
from kerastune_ft.training.features.memory_rows import count_bytes, find_room, hold_rows
from kerastune_ft.training.features.store_rows import StoredByLength, StoredFeatures

EXAMPLES, VIEWS = 9, 2


def _store(examples: np.ndarray, width: int, first: float) -> StoredFeatures:
    """Return rows of these examples, in an order of their own, with as many views: `first` + example + view / 10."""
    places = np.full((VIEWS, EXAMPLES), -1, np.int64)
    values = []
    for view in range(VIEWS):
        for example in examples[::-1]:
            places[view, example] = len(values)
            values.append(np.full(width, first + example + view / 10, np.float32))
    rows = np.stack(values).view(np.uint8).reshape(len(values), -1)
    return StoredFeatures(rows, places, (tf.TensorSpec([width], tf.float32),))


def test_held_rows_are_those_of_the_store() -> None:
    store = _store(np.arange(EXAMPLES), 3, 0.0)
    held = hold_rows(store)
    wanted = np.array([4, 0, 8, 4])
    for view in range(VIEWS + 1):
        assert held(wanted, view).tolist() == store(wanted, view).tolist()
    assert held(wanted, 1)[:, 0].tolist() == np.float32([4.1, 0.1, 8.1, 4.1]).tolist()
    assert count_bytes(store) == EXAMPLES * VIEWS * 3 * 4


def test_what_is_not_stored_is_never_another_row() -> None:
    store = _store(np.array([0, 2, 3]), 3, 0.0)
    assert store(np.array([], np.int64)).shape == (0, 3)
    with pytest.raises(AssertionError, match="not stored"):
        store(np.array([2, 1]))


def test_pooled_features_of_several_lengths_become_one_store() -> None:
    buckets = np.array([0, 1, 1, 0, 2, 2, 0, 1, 2])
    parts = {number: _store(np.flatnonzero(buckets == number), 2, 0.0) for number in range(3)}
    held = hold_rows(StoredByLength(buckets, parts))
    assert isinstance(held, StoredFeatures)
    # Of all lengths at once, which the stores themselves cannot give.
    wanted = np.array([8, 0, 2, 5, 1])
    assert held(wanted, 1)[:, 1].tolist() == (wanted.astype(np.float32) + np.float32(0.1)).tolist()
    assert count_bytes(StoredByLength(buckets, parts)) == EXAMPLES * VIEWS * 2 * 4


def test_features_whose_shape_is_that_of_their_length_stay_apart() -> None:
    buckets = np.array([0, 1, 1, 0, 0, 0, 0, 1, 0])
    parts = {number: _store(np.flatnonzero(buckets == number), 2 + number, 0.0) for number in range(2)}
    held = hold_rows(StoredByLength(buckets, parts))
    assert isinstance(held, StoredByLength)
    assert held(np.array([7, 1]), 0).tolist() == [[7.0] * 3, [1.0] * 3]


def test_features_get_a_quarter_of_what_steps_leave() -> None:
    assert find_room(None, 10**12) == 1 << 30
    assert find_room(MemoryLimit(10**9, "a test"), 2 * 10**8) == 2 * 10**8
    assert find_room(MemoryLimit(10**12, "a test"), 0) == 1 << 30
    assert find_room(MemoryLimit(10**6, "a test"), 10**7) == 0


def _store_above(below: StoredFeatures, examples: np.ndarray, width: int) -> StoredFeatures:
    """Return rows of a cut of two tensors, of which the first is that of `below`."""
    return replace(_store(examples, width, 100.0), shared=below, passed=(0, None))


def test_rows_that_are_shared_are_read_beside_the_own() -> None:
    store = _store_above(_store(np.arange(EXAMPLES), 3, 0.0), np.array([0, 2, 3]), 2)
    held = hold_rows(store)
    for each in (store, held):
        below, own = each(np.array([3, 0]), 1)
        assert below.tolist() == np.float32([[3.1] * 3, [0.1] * 3]).tolist()
        assert own.tolist() == np.float32([[103.1] * 2, [100.1] * 2]).tolist()
    assert store.row_bytes == (3 + 2) * 4
    assert count_bytes(store) == VIEWS * (EXAMPLES * 3 + 3 * 2) * 4
    assert isinstance(held, StoredFeatures) and held.shared is not None
    assert isinstance(held.rows, np.ndarray) and isinstance(held.shared.rows, np.ndarray)


@pytest.mark.parametrize(("widths", "are_joined"), [((3, 3), True), ((3, 4), False)])
def test_rows_of_several_lengths_are_joined_where_shared_ones_have_one_shape(
    widths: tuple[int, int], are_joined: bool
) -> None:
    buckets = np.array([0, 1, 1, 0, 0, 0, 0, 1, 0])
    parts = {}
    for number, width in enumerate(widths):
        own = np.flatnonzero(buckets == number)
        parts[number] = _store_above(_store(own, width, 0.0), own, 2)
    held = hold_rows(StoredByLength(buckets, parts))
    assert isinstance(held, StoredFeatures) is are_joined
    below, own = held(np.array([7, 1]), 0)
    assert below.tolist() == [[7.0] * widths[1], [1.0] * widths[1]]
    assert own.tolist() == [[107.0] * 2, [101.0] * 2]
