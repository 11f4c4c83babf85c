"""The order of examples in batches: shuffled, balanced and padded, as a pure function of (seed, phase, epoch)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Order:
    """The examples of an epoch or a split in batches, one after the other; padding has weight 0."""

    indices: np.ndarray
    """The index of each example, int64 [batches x batch]."""
    weights: np.ndarray
    """1 for examples and 0 for padding, float32 [batches x batch]."""
    batch: int
    """The examples of a batch, padding included."""

    @property
    def batches(self) -> int:
        """Return the number of batches."""
        return len(self.indices) // self.batch

    def skip(self, batches: int) -> Order:
        """Return the order without its first batches, with which an interrupted epoch goes on."""
        done = batches * self.batch
        return Order(self.indices[done:], self.weights[done:], self.batch)

    def take(self, batches: int) -> Order:
        """Return the order of the first batches alone."""
        end = batches * self.batch
        return Order(self.indices[:end], self.weights[:end], self.batch)

    def shard(self, number: int, shares: int) -> Order:
        """Return the order of process `number` of `shares` processes that divide every batch into equal parts."""
        rows = self.batch // shares
        own = slice(number * rows, (number + 1) * rows)
        indices = self.indices.reshape(-1, self.batch)[:, own]
        return Order(indices.reshape(-1), self.weights.reshape(-1, self.batch)[:, own].reshape(-1), rows)


def order_batches(
    indices: np.ndarray, batch: int, replicas: int = 1, micro_batches: int = 1, buckets: np.ndarray | None = None
) -> Order:
    """Return batches of these examples in the order given; the last batch is filled up with padding.

    Every batch of `batch` examples consists of equal micro-batches, each padded so that all replicas get equal shares.
    A batch begins with the shares of the first replica in every micro-batch, then come those of the second, and so on:
    every replica takes a contiguous part, and a micro-batch has the same examples for any number of replicas.

    With `buckets`, the number of each example of the source, all examples of a batch are of one bucket. A batch is
    placed where its last example would be; the incomplete batches of all buckets are last.
    """
    size = -(-batch // micro_batches)
    share = -(-size // replicas)
    filled, weights = _fill_batches(indices, batch, None if buckets is None else buckets[indices])
    count, missing = len(filled), size * micro_batches - batch
    if missing:
        # Where the micro-batches do not divide the batch, the last of them has padding.
        filled = np.concatenate([filled, np.repeat(filled[:, :1], missing, axis=1)], axis=1)
        weights = np.concatenate([weights, np.zeros((count, missing), np.float32)], axis=1)

    def shared_out(values: np.ndarray, padding: np.ndarray) -> np.ndarray:
        padded = np.concatenate([values, np.repeat(padding, share * replicas - size, axis=2)], axis=2)
        return padded.reshape(count, micro_batches, replicas, share).transpose(0, 2, 1, 3).reshape(-1)

    rows, weight_rows = (values.reshape(count, micro_batches, size) for values in (filled, weights))
    indices = shared_out(rows, rows[:, :, :1]).astype(np.int64)
    return Order(
        indices, shared_out(weight_rows, np.zeros_like(weight_rows[:, :, :1])), share * replicas * micro_batches
    )


def _fill_batches(indices: np.ndarray, batch: int, buckets: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Return indices and weights [batches, batch]; incomplete batches are filled up with their own examples."""
    if not len(indices):
        return np.zeros((0, batch), np.int64), np.zeros((0, batch), np.float32)
    groups = []
    for number in [None] if buckets is None else np.unique(buckets):
        places = np.arange(len(indices)) if number is None else np.flatnonzero(buckets == number)
        groups += [places[start : start + batch] for start in range(0, len(places), batch)]
    # Full batches are placed by their last example; incomplete ones follow, in order of buckets.
    groups.sort(key=lambda places: int(places[-1]) if len(places) == batch else len(indices))
    filled = np.stack([np.resize(indices[places], batch) for places in groups])
    sizes = np.array([len(places) for places in groups])
    return filled, (np.arange(batch) < sizes[:, np.newaxis]).astype(np.float32)


def count_batches(indices: np.ndarray, batch: int, buckets: np.ndarray | None = None) -> int:
    """Return the number of batches that `order_batches` makes of these examples."""
    counts = [len(indices)] if buckets is None else np.bincount(buckets[indices])
    return sum(-(-int(count) // batch) for count in counts)


def shuffle_batches(
    indices: np.ndarray,
    batch: int,
    replicas: int,
    address: tuple[int, int, int],
    micro_batches: int = 1,
    buckets: np.ndarray | None = None,
) -> Order:
    """Return batches of these examples shuffled for an epoch; `address` is (seed, phase, epoch).

    The other arguments are those of `order_batches`.
    """
    return order_batches(np.random.default_rng(address).permutation(indices), batch, replicas, micro_batches, buckets)


def draw_by_class(
    indices: np.ndarray, classes: np.ndarray, shares: Mapping[int, float], address: tuple[int, int, int]
) -> np.ndarray:
    """Draw as many examples as there are, so that every class has its share of them (within one).

    `classes` holds the class of each example by index, `shares` the share of each class that occurs; they sum to 1. An
    example is drawn again only after all others of its class; those of a common class that are left out change with
    the epoch. `address` is (seed, phase, epoch).
    """
    present = np.array(sorted(shares))
    wanted = len(indices) * np.array([shares[number] for number in present])
    quotas = np.floor(np.round(wanted, 9)).astype(np.int64)
    # The classes that get one example more change with the epoch too.
    unequal = np.random.default_rng((*address, 1)).permutation(np.flatnonzero(wanted - quotas > 1e-9))
    quotas[unequal[: len(indices) - quotas.sum()]] += 1
    drawn = []
    for number, quota in zip(present, quotas, strict=True):
        members = indices[classes == number]
        rounds = -(-int(quota) // len(members))
        draws = [np.random.default_rng((*address, 2, int(number), turn)).permutation(members) for turn in range(rounds)]
        drawn.append(np.concatenate(draws)[:quota])
    return np.sort(np.concatenate(drawn))
