"""The order of examples in batches: shuffled, balanced, padded, a pure function of (seed, phase, epoch)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


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

    def skip(self, batches: int) -> Order:
        """Return the order without its first batches: where an interrupted epoch goes on."""
        done = batches * self.batch
        return Order(self.indices[done:], self.weights[done:], self.batch)

    def take(self, batches: int) -> Order:
        """Return only the first batches."""
        end = batches * self.batch
        return Order(self.indices[:end], self.weights[:end], self.batch)

    def shard(self, number: int, shares: int) -> Order:
        """Return the order of one of several processes that divide every batch among them, in equal parts."""
        rows = self.batch // shares
        own = slice(number * rows, (number + 1) * rows)
        indices = self.indices.reshape(-1, self.batch)[:, own]
        return Order(indices.reshape(-1), self.weights.reshape(-1, self.batch)[:, own].reshape(-1), rows)


def order_batches(
    indices: np.ndarray, batch: int, replicas: int = 1, micro_batches: int = 1, buckets: np.ndarray | None = None
) -> Order:
    """Return the examples in their order; the last batch is filled up with padding.

    Every batch of `batch` examples is made of equal micro-batches, and each of these padded so that replicas get equal
    shares of it. A batch holds first all that the first replica gets, its shares of one micro-batch after another: so
    every replica takes a contiguous part, and a micro-batch has the same examples on any number of them.

    With `buckets`, a number by example of the source, a batch has examples of one of them: it is filled in the order
    of examples and comes when it is full; what is left of each bucket comes last.
    """
    size = batch // micro_batches
    share = -(-size // replicas)
    filled, weights = _fill_batches(indices, batch, None if buckets is None else buckets[indices])
    count = len(filled)

    def shared_out(values: np.ndarray, padding: np.ndarray) -> np.ndarray:
        padded = np.concatenate([values, np.repeat(padding, share * replicas - size, axis=2)], axis=2)
        return padded.reshape(count, micro_batches, replicas, share).transpose(0, 2, 1, 3).reshape(-1)

    rows, weight_rows = (values.reshape(count, micro_batches, size) for values in (filled, weights))
    indices = shared_out(rows, rows[:, :, :1]).astype(np.int64)
    return Order(
        indices, shared_out(weight_rows, np.zeros_like(weight_rows[:, :, :1])), share * replicas * micro_batches
    )


def _fill_batches(indices: np.ndarray, batch: int, buckets: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Return indices and weights [batches, batch]; what a batch lacks is filled up with its own examples."""
    if not len(indices):
        return np.zeros((0, batch), np.int64), np.zeros((0, batch), np.float32)
    groups = []
    for number in [None] if buckets is None else np.unique(buckets):
        places = np.arange(len(indices)) if number is None else np.flatnonzero(buckets == number)
        groups += [places[start : start + batch] for start in range(0, len(places), batch)]
    # A full batch comes with its last example, one that is not full after all of them, in order of buckets.
    groups.sort(key=lambda places: int(places[-1]) if len(places) == batch else len(indices))
    filled = np.stack([np.resize(indices[places], batch) for places in groups])
    sizes = np.array([len(places) for places in groups])
    return filled, (np.arange(batch) < sizes[:, np.newaxis]).astype(np.float32)


def count_batches(indices: np.ndarray, batch: int, buckets: np.ndarray | None = None) -> int:
    """Return the number of batches that examples fill, as in `order_batches`."""
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
    """Return the examples in the order of an epoch; `address` is (seed, phase, epoch).

    The other arguments are those of `order_batches`.
    """
    return order_batches(np.random.default_rng(address).permutation(indices), batch, replicas, micro_batches, buckets)


def draw_by_class(
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
