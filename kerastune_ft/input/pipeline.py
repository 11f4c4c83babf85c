"""From example indices to batches of one static shape, a pure function of (configuration, epoch, step)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from kerastune_ft.data.source import DataSource
from kerastune_ft.graph import randomness
from kerastune_ft.input.decode import Geometry


@dataclass(frozen=True)
class Order:
    """The examples of a span of training or evaluation: `batches` x `batch` indices, padding marked by weight 0."""

    indices: np.ndarray
    weights: np.ndarray
    batch: int

    @property
    def batches(self) -> int:
        """Return the number of batches."""
        return len(self.indices) // self.batch

    def after(self, batches: int) -> Order:
        """Return the order without its first batches: where an interrupted epoch goes on."""
        done = batches * self.batch
        return Order(self.indices[done:], self.weights[done:], self.batch)

    def first(self, batches: int) -> Order:
        """Return only the first batches."""
        end = batches * self.batch
        return Order(self.indices[:end], self.weights[:end], self.batch)

    def share(self, number: int, shares: int) -> Order:
        """Return the order of one of several processes that divide every batch among them, in equal parts."""
        rows = self.batch // shares
        own = slice(number * rows, (number + 1) * rows)
        indices = self.indices.reshape(-1, self.batch)[:, own]
        return Order(indices.reshape(-1), self.weights.reshape(-1, self.batch)[:, own].reshape(-1), rows)


def in_order(indices: np.ndarray, batch: int, replicas: int = 1, micro_batches: int = 1) -> Order:
    """Return the examples in their order; the last batch is filled up with padding.

    Every batch of `batch` examples is made of equal micro-batches, and each of these padded so that replicas get equal
    shares of it. A batch holds first all that the first replica gets, its shares of one micro-batch after another: so
    every replica takes a contiguous part, and a micro-batch has the same examples on any number of them.
    """
    size = batch // micro_batches
    share = -(-size // replicas)
    count = -(-len(indices) // batch)
    filled = np.resize(indices, (count * batch,)) if len(indices) else indices
    weights = (np.arange(count * batch) < len(indices)).astype(np.float32)

    def shared_out(values: np.ndarray, padding: np.ndarray) -> np.ndarray:
        padded = np.concatenate([values, np.repeat(padding, share * replicas - size, axis=2)], axis=2)
        return padded.reshape(count, micro_batches, replicas, share).transpose(0, 2, 1, 3).reshape(-1)

    rows, weight_rows = (values.reshape(count, micro_batches, size) for values in (filled, weights))
    indices = shared_out(rows, rows[:, :, :1]).astype(np.int64)
    return Order(
        indices, shared_out(weight_rows, np.zeros_like(weight_rows[:, :, :1])), share * replicas * micro_batches
    )


def shuffled(
    indices: np.ndarray, batch: int, replicas: int, address: tuple[int, int, int], micro_batches: int = 1
) -> Order:
    """Return the examples in the order of an epoch; `address` is (seed, phase, epoch), the rest as in `in_order`."""
    return in_order(np.random.default_rng(address).permutation(indices), batch, replicas, micro_batches)


def balanced(
    indices: np.ndarray, classes: np.ndarray, shares: Mapping[int, float], address: tuple[int, int, int]
) -> np.ndarray:
    """Return as many examples, drawn so that every class has its share of them (within one).

    `classes` holds the class of each index, `shares` the share of each class that occurs; they sum to 1. Examples of a
    class come again only after all others of it have come; which ones of a common class are left out changes with the
    epoch. `address` is (seed, phase, epoch).
    """
    present = np.array(sorted(shares))
    wanted = len(indices) * np.array([shares[number] for number in present])
    quotas = np.floor(np.round(wanted, 9)).astype(np.int64)
    # Who gets one more changes with the epoch too.
    unequal = np.random.default_rng((*address, 1)).permutation(np.flatnonzero(wanted - quotas > 1e-9))
    quotas[unequal[: len(indices) - quotas.sum()]] += 1
    drawn = []
    for number, quota in zip(present, quotas, strict=True):
        members = indices[classes == number]
        rounds = -(-int(quota) // len(members))
        draws = [np.random.default_rng((*address, 2, int(number), turn)).permutation(members) for turn in range(rounds)]
        drawn.append(np.concatenate(draws)[:quota])
    return np.sort(np.concatenate(drawn))


class Shaping(Protocol):
    """What a task does to single examples and batches on their way in."""

    def inputs(self, example: Mapping[str, tf.Tensor], geometry: Geometry) -> tf.Tensor:
        """Return the fixed-shape input of one example."""

    def targets(self, example: Mapping[str, tf.Tensor], geometry: Geometry) -> Any:
        """Return the fixed-shape target of one example."""

    def transform(
        self, inputs: tf.Tensor, targets: Any, keys: tf.Tensor, operations: Mapping[str, Any]
    ) -> tuple[Any, Any]:
        """Return an augmented batch and its targets."""


@dataclass(frozen=True)
class Loader:
    """Reads, decodes and augments the examples of one source for one task and geometry."""

    source: DataSource
    task: Shaping
    geometry: Geometry

    def dataset(
        self,
        order: Order,
        shares: int,
        augmentation: Mapping[str, Any] | None = None,
        address: str = "",
        epoch: int = 0,
    ) -> tf.data.Dataset:
        """Return batches (inputs, targets, weights, indices); `shares` consecutive ones make a global batch.

        `augmentation` are resolved operations drawn at (address, epoch, example).
        """
        labels = tf.constant(self.source.labels)

        def load(index: tf.Tensor, weight: tf.Tensor) -> tuple:
            example = dict(self.source.element(index))
            example.setdefault("label", labels[index])
            inputs = self.task.inputs(example, self.geometry)
            return inputs, self.task.targets(example, self.geometry), weight, index

        parallel = tf.data.AUTOTUNE
        dataset = tf.data.Dataset.from_tensor_slices((order.indices, order.weights))
        dataset = dataset.map(load, num_parallel_calls=parallel, deterministic=True)
        dataset = dataset.batch(order.batch // shares, drop_remainder=True)
        if augmentation:
            dataset = dataset.map(
                self._augmenter(augmentation, address, epoch), num_parallel_calls=parallel, deterministic=True
            )
        return dataset.prefetch(2 * shares)

    def _augmenter(self, operations: Mapping[str, Any], address: str, epoch: int) -> Callable:
        def transform(inputs: tf.Tensor, targets: Any, weights: tf.Tensor, indices: tf.Tensor) -> tuple:
            keys = randomness.example_keys(address, epoch, indices)
            inputs, targets = self.task.transform(inputs, targets, keys, operations)
            return inputs, targets, weights, indices

        return transform
