from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.config.augment import AUGMENT_PRESETS
from kerastune_ft.config.heads import Head
from kerastune_ft.config.tasks import ImageClassification
from kerastune_ft.data.labels import Labels, Scheme
from kerastune_ft.data.source import DataSource, describe
from kerastune_ft.data.splits import Chosen
from kerastune_ft.input.decode import Geometry
from kerastune_ft.input.pipeline import Loader, Order, in_order, shuffled
from kerastune_ft.tasks.image_classification import build

INDICES = np.array([3, 4, 8, 10, 11, 15, 16], np.int64)


class _Pixels(DataSource):
    """Examples whose pixels all hold their index and 100."""

    def __init__(self, count: int = 20) -> None:
        labels = Labels("one", ("a", "b", "c"), (np.arange(count) % 3).astype(np.int32))
        keys = [f"pixels{number}" for number in range(count)]
        super().__init__(describe("pixels", "pixels", labels, Chosen({}, (), {}), "", keys))

    def element(self, index: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"image": tf.fill([5, 6, 3], tf.cast(index + 100, tf.uint8))}


@pytest.fixture(scope="module")
def loader() -> Loader:
    task = build(ImageClassification(), Head(), Scheme("one", ("a", "b", "c")), 0)
    return Loader(_Pixels(), task, Geometry(5, 6))


def test_the_last_batch_is_padded_with_weight_zero() -> None:
    order = in_order(INDICES, 3)
    assert (order.batch, order.batches) == (3, 3)
    assert order.indices[order.weights > 0].tolist() == INDICES.tolist()
    assert order.weights.tolist() == [1] * 7 + [0] * 2
    assert set(order.indices) <= set(INDICES)
    assert (order.indices.dtype, order.weights.dtype) == (np.int64, np.float32)


@pytest.mark.parametrize("count", [0, 1, 2, 5, 6, 7])
@pytest.mark.parametrize(("batch", "replicas"), [(1, 1), (3, 1), (3, 2), (4, 4), (5, 8), (10, 4)])
def test_every_batch_divides_into_equal_shares(count: int, batch: int, replicas: int) -> None:
    order = in_order(INDICES[:count], batch, replicas)
    assert order.batch % replicas == 0
    assert order.batch - batch < replicas
    assert len(order.indices) == len(order.weights) == order.batch * order.batches
    assert order.indices[order.weights > 0].tolist() == INDICES[:count].tolist()
    per_batch = order.weights.reshape(-1, order.batch).sum(axis=1)
    assert per_batch.tolist() == [min(batch, count - done) for done in range(0, count, batch)]


@pytest.mark.parametrize("count", [0, 3, 13, 49])
@pytest.mark.parametrize("size", [1, 5, 10])
@pytest.mark.parametrize("micro_batches", [1, 2, 3])
@pytest.mark.parametrize("replicas", [2, 3, 4])
def test_a_micro_batch_has_the_same_examples_on_any_number_of_replicas(
    count: int, size: int, micro_batches: int, replicas: int
) -> None:
    indices, batch = np.arange(100, 100 + count), size * micro_batches
    one, many = (in_order(indices, batch, number, micro_batches) for number in (1, replicas))
    assert one.batches == many.batches
    assert set(many.indices) <= set(indices)
    for update in range(one.batches):
        shares = [many.share(number, replicas) for number in range(replicas)]
        for part in range(micro_batches):
            whole = _micro_batch(one, update, part, micro_batches)
            found = [example for share in shares for example in _micro_batch(share, update, part, micro_batches)]
            assert found == whole


def _micro_batch(order: Order, update: int, part: int, micro_batches: int) -> list[int]:
    """The examples that a replica takes its gradient of at once, as the step divides what it gets."""
    rows = order.batch // micro_batches
    of_update = slice(update * order.batch + part * rows, update * order.batch + (part + 1) * rows)
    return order.indices[of_update][order.weights[of_update] > 0].tolist()


def test_the_order_of_an_epoch_is_a_function_of_its_address() -> None:
    indices = np.arange(100)
    orders = {
        address: shuffled(indices, 8, 2, address).indices for address in ((7, 0, 0), (7, 0, 1), (7, 1, 0), (8, 0, 0))
    }
    for address, found in orders.items():
        order = shuffled(indices, 8, 2, address)
        assert np.array_equal(order.indices, found)
        assert sorted(order.indices[order.weights > 0]) == list(range(100))
        assert sum(np.mean(found == other) > 0.2 for other in orders.values()) == 1
    # The batch's shape decides how examples are grouped, not their order.
    other = shuffled(indices, 10, 1, (7, 0, 0))
    first = shuffled(indices, 8, 2, (7, 0, 0))
    assert np.array_equal(other.indices[other.weights > 0], first.indices[first.weights > 0])


def test_an_order_is_cut_between_batches() -> None:
    order = in_order(INDICES, 2)
    for done in range(order.batches + 1):
        before, after = order.first(done), order.after(done)
        assert (before.batches, after.batches) == (done, order.batches - done)
        assert np.array_equal(np.concatenate([before.indices, after.indices]), order.indices)
        assert np.array_equal(np.concatenate([before.weights, after.weights]), order.weights)
    assert np.array_equal(order.after(1).first(1).indices, order.indices[2:4])


def _batches(loader: Loader, order: Order, shares: int = 1, **options: Any) -> list[tuple]:
    return [tuple(part.numpy() for part in batch) for batch in loader.dataset(order, shares, **options)]


def test_batches_hold_what_the_order_says(loader: Loader) -> None:
    order = in_order(INDICES, 4)
    batches = _batches(loader, order)
    assert len(batches) == 2
    for number, (inputs, targets, weights, indices) in enumerate(batches):
        rows = slice(4 * number, 4 * number + 4)
        assert inputs.shape == (4, 5, 6, 3)
        assert np.array_equal(inputs[:, 0, 0, 0], 100 + order.indices[rows])
        assert np.array_equal(indices, order.indices[rows])
        assert np.array_equal(targets, loader.source.labels[order.indices[rows]])
        assert np.array_equal(weights, order.weights[rows])


def test_shares_in_a_row_make_a_global_batch(loader: Loader) -> None:
    order = in_order(INDICES, 3, 2)
    whole = _batches(loader, order)
    shares = _batches(loader, order, 2)
    assert len(shares) == 2 * len(whole)
    for number, batch in enumerate(whole):
        for part, first, second in zip(batch, *shares[2 * number : 2 * number + 2], strict=True):
            assert np.array_equal(np.concatenate([first, second]), part)


def test_shapes_are_static(loader: Loader) -> None:
    spec = loader.dataset(in_order(INDICES, 4), 2, augmentation=AUGMENT_PRESETS["light"]).element_spec
    assert [part.shape.as_list() for part in spec] == [[2, 5, 6, 3], [2], [2], [2]]


def test_augmentation_is_drawn_by_address(loader: Loader) -> None:
    def pixels(order: Order, shares: int = 1, **address: Any) -> dict[int, np.ndarray]:
        options = {
            "augmentation": AUGMENT_PRESETS["none"] | {"brightness": 0.5},
            "address": "7/0",
            "epoch": 1,
        } | address
        batches = _batches(loader, order, shares, **options)
        return {
            int(index): image for inputs, _, _, indices in batches for index, image in zip(indices, inputs, strict=True)
        }

    first = pixels(in_order(INDICES, 4))
    again = pixels(in_order(INDICES[::-1].copy(), 2), shares=2)
    assert all(np.array_equal(first[index], again[index]) for index in INDICES.tolist())
    for change in ({"epoch": 2}, {"address": "7/1"}):
        other = pixels(in_order(INDICES, 4), **change)
        assert sum(np.array_equal(first[index], other[index]) for index in INDICES.tolist()) < 2
