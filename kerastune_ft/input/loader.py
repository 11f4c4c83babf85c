"""From example indices to batches of one static shape, a pure function of (configuration, epoch, step)."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from kerastune_ft.data.source import DataSource
from kerastune_ft.graph import randomness
from kerastune_ft.input.decode import Geometry
from kerastune_ft.input.sounds import Clip


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


def in_order(
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
    filled, weights = _batched(indices, batch, None if buckets is None else buckets[indices])
    count = len(filled)

    def shared_out(values: np.ndarray, padding: np.ndarray) -> np.ndarray:
        padded = np.concatenate([values, np.repeat(padding, share * replicas - size, axis=2)], axis=2)
        return padded.reshape(count, micro_batches, replicas, share).transpose(0, 2, 1, 3).reshape(-1)

    rows, weight_rows = (values.reshape(count, micro_batches, size) for values in (filled, weights))
    indices = shared_out(rows, rows[:, :, :1]).astype(np.int64)
    return Order(
        indices, shared_out(weight_rows, np.zeros_like(weight_rows[:, :, :1])), share * replicas * micro_batches
    )


def _batched(indices: np.ndarray, batch: int, buckets: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
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


def batches_of(indices: np.ndarray, batch: int, buckets: np.ndarray | None = None) -> int:
    """Return the number of batches that examples fill, as in `in_order`."""
    counts = [len(indices)] if buckets is None else np.bincount(buckets[indices])
    return sum(-(-int(count) // batch) for count in counts)


def shuffled(
    indices: np.ndarray,
    batch: int,
    replicas: int,
    address: tuple[int, int, int],
    micro_batches: int = 1,
    buckets: np.ndarray | None = None,
) -> Order:
    """Return the examples in the order of an epoch; `address` is (seed, phase, epoch), the rest as in `in_order`."""
    return in_order(np.random.default_rng(address).permutation(indices), batch, replicas, micro_batches, buckets)


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


# Batches of `Loader.inputs` that wait for what is computed from them, which takes seconds to compile at first.
_AHEAD, _AHEAD_BYTES = 8, 1 << 26

Decoded = Callable[[np.ndarray], np.ndarray]
"""Returns the inputs of examples by index, as `Shaping.inputs` makes them of the source's elements."""


class Shaping(Protocol):
    """What a task says of single examples on their way in."""

    def targets(self, example: Mapping[str, tf.Tensor], geometry: Any = None) -> Any:
        """Return the fixed-shape target of one example."""


class FittedShaping(Shaping, Protocol):
    """What a task does to images or sounds and batches of them on their way in."""

    def inputs(self, example: Mapping[str, tf.Tensor], geometry: Any) -> tf.Tensor:
        """Return the fixed-shape input of one example."""

    def transform(
        self, inputs: tf.Tensor, targets: Any, keys: tf.Tensor, operations: Mapping[str, Any]
    ) -> tuple[Any, Any]:
        """Return an augmented batch and its targets."""


@dataclass(frozen=True)
class Augmentation:
    """Random changes to training examples: which ones, and what their draws follow from."""

    operations: Mapping[str, Any]
    """What `Augment.resolved()` returns."""
    seed: int
    phase: int
    views: int | None = None
    """How many fixed versions of each example take turns by epoch; None where every epoch draws afresh."""

    def version(self, epoch: int) -> int:
        """Return the version of the examples that an epoch reads: its own, or the number of a view."""
        return epoch if self.views is None else epoch % self.views

    def keys(self, epoch: int, indices: tf.Tensor, identities: tf.Tensor) -> tf.Tensor:
        """Return the keys of the draws for these examples in an epoch; `identities` are those of all, by index.

        Those of a view follow from the run's seed, its number and the example's content alone, so that neither phase,
        epoch, order nor split changes what it shows.
        """
        if self.views is None:
            return randomness.example_keys(f"{self.seed}/{self.phase}", epoch, indices)
        return randomness.example_keys(f"{self.seed}/views", self.version(epoch), tf.gather(identities, indices))


@dataclass(frozen=True)
class Loader:
    """Reads, decodes and augments the images or sounds of one source for one task and shape of them."""

    source: DataSource
    task: FittedShaping
    geometry: Geometry | Clip
    buckets = None
    """By example, which shape its input has: all have one."""

    @functools.cached_property
    def input_spec(self) -> tf.TensorSpec:
        """Return shape and type of one example's input as decoded."""
        return _mapped(tf.data.Dataset.from_tensors(tf.constant(0, tf.int64)), self._input).element_spec

    @functools.cached_property
    def targets(self) -> np.ndarray | None:
        """Return the targets of all examples of the source by index, or None where labels alone do not tell them."""
        return targets_of(self.source, self.task, self.geometry)

    def dataset(
        self,
        order: Order,
        shares: int,
        augmentation: Augmentation | None = None,
        epoch: int = 0,
        decoded: Decoded | None = None,
    ) -> tf.data.Dataset:
        """Return batches (inputs, targets, weights, indices); `shares` consecutive ones make a global batch.

        `decoded` gives inputs as `Shaping.inputs` makes them, where they are stored; `targets` are needed then.
        """
        dataset = tf.data.Dataset.from_tensor_slices((order.indices, order.weights))
        rows = order.batch // shares
        if decoded is None:
            dataset = _mapped(dataset, self._load).batch(rows, drop_remainder=True)
        else:
            dataset = dataset.batch(rows, drop_remainder=True)
            dataset = _mapped(dataset, functools.partial(self._stored, decoded))
        return self._augmented(dataset, augmentation, epoch).prefetch(2 * shares)

    def inputs(
        self,
        indices: tf.data.Dataset,
        rows: int,
        augmentation: Augmentation | None = None,
        epoch: int = 0,
        decoded: Decoded | None = None,
    ) -> tf.data.Dataset:
        """Return batches of so many inputs: of the examples whose int64 indices a dataset gives one by one."""
        if decoded is None:
            dataset = _mapped(indices, lambda index: (self._input(index), (), (), index))
            dataset = dataset.batch(rows, drop_remainder=True)
        else:
            dataset = indices.batch(rows, drop_remainder=True)
            dataset = _mapped(dataset, lambda index: (self._read(decoded, index), (), (), index))
        dataset = self._augmented(dataset, augmentation, epoch)
        size = rows * self.input_spec.shape.num_elements() * (4 if augmentation else self.input_spec.dtype.size)
        return _mapped(dataset, lambda inputs, *others: inputs).prefetch(max(2, min(_AHEAD, _AHEAD_BYTES // size)))

    def _input(self, index: tf.Tensor) -> tf.Tensor:
        return self.task.inputs(self.source.element(index), self.geometry)

    def _load(self, index: tf.Tensor, weight: tf.Tensor) -> tuple:
        example = dict(self.source.element(index))
        example.setdefault("label", tf.constant(self.source.labels)[index])
        return self.task.inputs(example, self.geometry), self.task.targets(example, self.geometry), weight, index

    def _stored(self, decoded: Decoded, indices: tf.Tensor, weights: tf.Tensor) -> tuple:
        return self._read(decoded, indices), tf.gather(tf.constant(self.targets), indices), weights, indices

    def _read(self, decoded: Decoded, indices: tf.Tensor) -> tf.Tensor:
        spec = self.input_spec
        rows = tf.numpy_function(decoded, [indices], spec.dtype, stateful=False)
        return tf.ensure_shape(rows, [indices.shape[0], *spec.shape])

    def _augmented(self, dataset: tf.data.Dataset, augmentation: Augmentation | None, epoch: int) -> tf.data.Dataset:
        if augmentation is None:
            return dataset
        identities = tf.constant(self.source.identities)

        def transform(inputs: tf.Tensor, targets: Any, weights: Any, indices: tf.Tensor) -> tuple:
            keys = augmentation.keys(epoch, indices, identities)
            inputs, targets = self.task.transform(inputs, targets, keys, augmentation.operations)
            return inputs, targets, weights, indices

        return _mapped(dataset, transform)


def targets_of(source: DataSource, task: Shaping, geometry: Geometry | Clip | None) -> np.ndarray | None:
    """Return the targets of all examples of a source by index, or None where labels alone do not tell them."""
    labels = tf.data.Dataset.from_tensor_slices(source.labels)
    try:
        task.targets({"label": tf.constant(source.labels[0])}, geometry)
    except KeyError:
        return None
    targets = _mapped(labels, lambda label: task.targets({"label": label}, geometry))
    return next(iter(targets.batch(len(source.labels)).as_numpy_iterator()))


def _mapped(dataset: tf.data.Dataset, function: Callable) -> tf.data.Dataset:
    """Return a dataset of what a graph function makes of each element, several at a time, in their order.

    Such functions say tf.cond where they mean it, so nothing in them is to be rewritten, which takes longer than the
    rest of the tracing.
    """
    function = tf.autograph.experimental.do_not_convert(function)
    return dataset.map(function, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
