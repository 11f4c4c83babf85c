from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.config.options.augment import AUGMENT_PRESETS
from kerastune_ft.config.options.heads import Head
from kerastune_ft.config.options.tasks import ImageClassification
from kerastune_ft.data.build import describe
from kerastune_ft.data.labels.one_class import OneClassLabels
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.data.source import DataSource
from kerastune_ft.data.splits.choose import ChosenSplits
from kerastune_ft.graph import randomness
from kerastune_ft.input.augmentation import Augmentation
from kerastune_ft.input.decode import Geometry
from kerastune_ft.input.image_loader import ImageLoader
from kerastune_ft.input.mixing import Mixing, Partners, mix_images
from kerastune_ft.input.order import Order, order_batches
from kerastune_ft.rules import FIRST
from kerastune_ft.tasks.classification import Classification

INDICES = np.array([3, 4, 8, 10, 11, 15, 16], np.int64)


class _Pixels(DataSource):
    """Examples whose pixels all hold their index and 100."""

    def __init__(self, count: int = 20) -> None:
        labels = OneClassLabels(("a", "b", "c"), (np.arange(count) % 3).astype(np.int32))
        keys = [f"pixels{number}" for number in range(count)]
        contents = [hashlib.sha256(key.encode()).hexdigest() for key in keys]
        super().__init__(describe("pixels", "pixels", labels, ChosenSplits({}, (), {}), "", keys, contents))

    def read_input(self, index: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"image": tf.fill([5, 6, 3], tf.cast(index + 100, tf.uint8))}


@pytest.fixture(scope="module")
def loader() -> ImageLoader:
    task = Classification(ImageClassification(), Head(), LabelScheme("one", ("a", "b", "c")), 0)
    return ImageLoader(_Pixels(), task, Geometry(5, 6))


def test_stores_of_earlier_runs_are_known_by_no_decoder(loader: ImageLoader) -> None:
    source = _Pixels()
    source.rules = FIRST
    old = ImageLoader(source, loader.task, loader.geometry).key_parts()
    assert {**old, "decoder": "INTEGER_ACCURATE"} == loader.key_parts()


def test_the_last_batch_is_padded_with_weight_zero() -> None:
    order = order_batches(INDICES, 3)
    assert (order.batch, order.batches) == (3, 3)
    assert order.indices[order.weights > 0].tolist() == INDICES.tolist()
    assert order.weights.tolist() == [1] * 7 + [0] * 2
    assert set(order.indices) <= set(INDICES)
    assert (order.indices.dtype, order.weights.dtype) == (np.int64, np.float32)


@pytest.mark.parametrize("count", [0, 1, 2, 5, 6, 7])
@pytest.mark.parametrize(("batch", "replicas"), [(1, 1), (3, 1), (3, 2), (4, 4), (5, 8), (10, 4)])
def test_every_batch_divides_into_equal_shares(count: int, batch: int, replicas: int) -> None:
    order = order_batches(INDICES[:count], batch, replicas)
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
    one, many = (order_batches(indices, batch, number, micro_batches) for number in (1, replicas))
    assert one.batches == many.batches
    assert set(many.indices) <= set(indices)
    for update in range(one.batches):
        shares = [many.shard(number, replicas) for number in range(replicas)]
        for part in range(micro_batches):
            whole = _micro_batch(one, update, part, micro_batches)
            found = [example for share in shares for example in _micro_batch(share, update, part, micro_batches)]
            assert found == whole


def _micro_batch(order: Order, update: int, part: int, micro_batches: int) -> list[int]:
    """The examples that a replica takes its gradient of at once, as the step divides what it gets."""
    rows = order.batch // micro_batches
    of_update = slice(update * order.batch + part * rows, update * order.batch + (part + 1) * rows)
    return order.indices[of_update][order.weights[of_update] > 0].tolist()


def _batches(loader: ImageLoader, order: Order, shares: int = 1, **options: Any) -> list[tuple]:
    return [tuple(part.numpy() for part in batch) for batch in loader.batches(order, shares, **options)]


def test_batches_hold_what_the_order_says(loader: ImageLoader) -> None:
    order = order_batches(INDICES, 4)
    batches = _batches(loader, order)
    assert len(batches) == 2
    for number, (inputs, targets, weights, indices) in enumerate(batches):
        rows = slice(4 * number, 4 * number + 4)
        assert inputs.shape == (4, 5, 6, 3)
        assert np.array_equal(inputs[:, 0, 0, 0], 100 + order.indices[rows])
        assert np.array_equal(indices, order.indices[rows])
        assert np.array_equal(targets, loader.source.labels[order.indices[rows]])
        assert np.array_equal(weights, order.weights[rows])


def test_shares_in_a_row_make_a_global_batch(loader: ImageLoader) -> None:
    order = order_batches(INDICES, 3, 2)
    whole = _batches(loader, order)
    shares = _batches(loader, order, 2)
    assert len(shares) == 2 * len(whole)
    for number, batch in enumerate(whole):
        for part, first, second in zip(batch, *shares[2 * number : 2 * number + 2], strict=True):
            assert np.array_equal(np.concatenate([first, second]), part)


def test_shapes_are_static(loader: ImageLoader) -> None:
    spec = loader.batches(order_batches(INDICES, 4), 2, Augmentation(AUGMENT_PRESETS["light"], 7, 0)).element_spec
    assert [part.shape.as_list() for part in spec] == [[2, 5, 6, 3], [2], [2], [2]]


BRIGHTER = Augmentation(AUGMENT_PRESETS["none"] | {"brightness": 0.5}, seed=7, phase=0)


def _augment(
    loader: ImageLoader, order: Order, drawn: Augmentation, epoch: int, shares: int = 1
) -> dict[int, np.ndarray]:
    batches = _batches(loader, order, shares, augmentation=drawn, epoch=epoch)
    return {
        int(index): image for inputs, _, _, indices in batches for index, image in zip(indices, inputs, strict=True)
    }


def _alike(one: dict[int, np.ndarray], other: dict[int, np.ndarray]) -> int:
    return sum(np.array_equal(one[index], other[index]) for index in INDICES.tolist())


@pytest.mark.parametrize("views", [None, 3])
def test_augmentation_does_not_depend_on_the_batch(loader: ImageLoader, views: int | None) -> None:
    drawn = replace(BRIGHTER, views=views)
    first = _augment(loader, order_batches(INDICES, 4), drawn, 1)
    again = _augment(loader, order_batches(INDICES[::-1].copy(), 2), drawn, 1, shares=2)
    assert _alike(first, again) == len(INDICES)


def test_fresh_augmentation_is_drawn_by_seed_phase_epoch_and_index(loader: ImageLoader) -> None:
    order = order_batches(INDICES, 4)
    first = _augment(loader, order, BRIGHTER, 1)
    assert BRIGHTER.version(5) == 5
    for drawn, epoch in ((BRIGHTER, 2), (replace(BRIGHTER, phase=1), 1), (replace(BRIGHTER, seed=8), 1)):
        assert _alike(first, _augment(loader, order, drawn, epoch)) < 2
    # What it always was, so that a run begun with an earlier version goes on as it would have.
    keys = randomness.example_keys("7/0", 1, tf.constant(INDICES))
    assert np.array_equal(BRIGHTER.keys(1, tf.constant(INDICES), loader.source.identities), keys)


def test_views_are_drawn_by_seed_number_and_content_alone(loader: ImageLoader) -> None:
    order, views = order_batches(INDICES, 4), replace(BRIGHTER, views=3)
    rounds = [_augment(loader, order, views, epoch) for epoch in range(7)]
    for epoch, found in enumerate(rounds):
        assert views.version(epoch) == epoch % 3
        assert [_alike(found, other) for other in rounds] == [
            len(INDICES) if (epoch - other) % 3 == 0 else 0 for other in range(7)
        ]
    in_another_phase = _augment(loader, order, replace(views, phase=1), 4)
    of_more_views = _augment(loader, order, replace(views, views=5), 1)
    assert _alike(in_another_phase, rounds[1]) == _alike(of_more_views, rounds[1]) == len(INDICES)
    assert _alike(_augment(loader, order, replace(views, seed=8), 1), rounds[1]) == 0
    assert _alike(_augment(loader, order, BRIGHTER, 1), rounds[1]) == 0


def test_views_go_with_the_content_wherever_it_stands(loader: ImageLoader) -> None:
    """The same contents under other indices: a source divided or sorted otherwise."""
    views, identities = replace(BRIGHTER, views=2), loader.source.identities
    here = views.keys(1, tf.range(20, dtype=tf.int64), identities).numpy()
    elsewhere = views.keys(1, tf.range(20, dtype=tf.int64), identities[::-1]).numpy()
    assert np.array_equal(elsewhere, here[::-1])
    assert len(np.unique(here, axis=0)) == 20


@pytest.mark.parametrize(
    ("resize", "size", "cut"), [("crop", (4, 4), 1 / 6), ("pad", (4, 4), 0.0), ("stretch", (4, 4), 0.0)]
)
def test_what_became_of_an_image_is_its_size_and_what_was_cut_off(
    loader: ImageLoader, resize: Any, size: tuple[int, int], cut: float
) -> None:
    own = ImageLoader(loader.source, loader.task, Geometry(*size, resize))
    (found,) = own.describe_inputs([3])
    assert found == {"size": [4, 4], "of": [5, 6], "resize": resize, "cut": pytest.approx(cut, abs=1e-4)}


MIXED = Augmentation(
    AUGMENT_PRESETS["none"] | {"brightness": 0.5}, 7, 0, None, Mixing(0.5, 1.0, Partners(np.arange(20, dtype=np.int64)))
)


@pytest.mark.parametrize("views", [None, 3])
def test_mixtures_are_those_of_the_loaders_own_examples_in_any_batch(loader: ImageLoader, views: int | None) -> None:
    mixed = replace(MIXED, views=views)
    plain = replace(mixed, mixing=None)
    partners = mixed.draw_partners(1, INDICES, loader.source.identities)
    everything = np.arange(20, dtype=np.int64)
    alone = _augment(loader, order_batches(everything, 20), plain, 1)
    assert len(set(partners.tolist()) - set(INDICES.tolist())) > 0, "partners outside of the batches"
    mix = loader.draw_mix(mixed.keys(1, tf.constant(INDICES), tf.constant(loader.source.identities)), MIXED.mixing)
    own, others = (np.stack([alone[index] for index in rows.tolist()]) for rows in (INDICES, partners))
    expected = mix_images(tf.constant(own), tf.constant(others), mix).numpy()
    labels = loader.source.labels
    for order, shares in ((order_batches(INDICES, 4), 1), (order_batches(INDICES[::-1].copy(), 2), 2)):
        for inputs, targets, _, indices in loader.batches(order, shares, mixed, 1):
            places = [INDICES.tolist().index(index) for index in indices.numpy().tolist()]
            assert np.array_equal(inputs, expected[places])
            assert np.array_equal(targets.own, labels[indices]) and np.array_equal(
                targets.others, labels[partners[places]]
            )
            assert np.array_equal(targets.share, tf.gather(mix.share, places))
    targets = loader.targets(INDICES, mixed, 1)
    assert np.array_equal(targets.own, labels[INDICES]) and np.array_equal(targets.others, labels[partners])
    assert np.array_equal(targets.share, mix.share)
    (inputs,) = loader.inputs(INDICES, len(INDICES), mixed, 1)
    assert np.array_equal(inputs, expected)
    pixels = np.stack([np.full((5, 6, 3), 100 + index, np.uint8) for index in range(20)])
    (inputs,) = loader.inputs(INDICES, len(INDICES), mixed, 1, lambda rows: pixels[rows])
    assert np.array_equal(inputs, expected)
