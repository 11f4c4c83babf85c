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
from kerastune_ft.input.order import Order
from kerastune_ft.input.sounds import Clip

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
