"""The base of loaders whose examples all have one shape, read and decoded by tf.data: images and sounds."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import tensorflow as tf

from kerastune_ft.data.source import DataSource
from kerastune_ft.input.augmentation import Augmentation
from kerastune_ft.input.loader import INPUT_VERSION, Loader, Lookup, TargetTask
from kerastune_ft.input.mixing import Mix, Mixing
from kerastune_ft.input.order import Order
from kerastune_ft.input.targets import Targets, map_in_order

# Batches of inputs that are loaded ahead: computing from the first one takes seconds, in which it is compiled.
_AHEAD, _AHEAD_BYTES = 8, 1 << 26


class FixedShapeLoader(ABC):
    """Loads the examples of one source for one task; a subclass decodes and augments an input."""

    parts: Mapping[str, Loader] = MappingProxyType({})
    buckets = None
    in_memory = None
    decoder: str | None = None
    mean_length = 1.0

    def look_up(self, augmentation: Augmentation) -> Lookup | None:
        """Return None: inputs are loaded."""
        return self.in_memory

    def __init__(self, source: DataSource, task: TargetTask, geometry: Any) -> None:
        """Load examples of `source` with inputs brought to the shape `geometry`, and targets of `task`."""
        self.source, self.task, self.geometry = source, task, geometry
        self._targets = Targets(source, task, geometry, self)

    @abstractmethod
    def input(self, fields: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Return the input of one example, of a static shape, from its fields in the source; a graph function."""

    @abstractmethod
    def draw(self, keys: tf.Tensor, operations: Mapping[str, Any]) -> Any:
        """Draw the changes for a batch of examples with these keys; a graph function."""

    @abstractmethod
    def change(self, inputs: tf.Tensor, changes: Any) -> tf.Tensor:
        """Return a batch of inputs after these changes; a graph function."""

    @abstractmethod
    def draw_mix(self, keys: tf.Tensor, mixing: Mixing) -> Mix:
        """Draw how a batch of examples with these keys is mixed with others; a graph function."""

    @abstractmethod
    def mix(self, inputs: tf.Tensor, others: tf.Tensor, mix: Mix) -> tf.Tensor:
        """Return a batch of inputs mixed with others of the same shape; a graph function."""

    @abstractmethod
    def key_parts(self, bucket: int | None = None) -> dict[str, Any]:
        """Return everything besides the example that its input depends on."""

    @abstractmethod
    def plan_entry(self) -> dict[str, Any]:
        """Return the entries `text` and `sound` of plan.json."""

    @abstractmethod
    def describe_inputs(self, indices: Sequence[int]) -> list[dict[str, Any]]:
        """Return for each of these examples what became of it on its way to the model, as JSON values."""

    @abstractmethod
    def notes(self, show_names: bool) -> list[str]:
        """Return sentences for the plan on what examples lose when they are brought to the model's shape."""

    def part_hashes(self) -> dict[str, str]:
        """Return none: the geometry of inputs is all there is, and it is part of the plan."""
        return {}

    def at(self, image_size: tuple[int, int]) -> Loader:
        """Return the loader itself, for inputs that have no image size."""
        return self

    def length(self, bucket: int | None) -> int | None:
        """Return None: examples are not sequences of tokens."""
        return None

    def tokens(self, bucket: int | None) -> int | None:
        """Return None: examples are not sequences of tokens."""
        return None

    @functools.cached_property
    def _spec(self) -> tf.TensorSpec:
        indices = tf.data.Dataset.from_tensors(tf.constant(0, tf.int64))
        return map_in_order(indices, self._read_input).element_spec

    def input_spec(self, bucket: int | None = None) -> tf.TensorSpec:
        """Return the spec of one decoded input."""
        return self._spec

    @property
    def has_target_files(self) -> bool:
        """Whether targets are read from files of their own, such as masks, which cover the whole input."""
        return self._targets.are_in_files

    def targets(self, indices: np.ndarray, augmentation: Augmentation | None = None, version: int = 0) -> Any:
        """Return the targets of these examples as arrays; augmented as their inputs are in `version`."""
        return self._targets(indices, augmentation, version)

    def pick_typical(self, indices: np.ndarray) -> np.ndarray:
        """Return the indices themselves: all examples have one shape."""
        return indices

    def batches(
        self,
        order: Order,
        shares: int,
        augmentation: Augmentation | None = None,
        epoch: int = 0,
        decoded: Lookup | None = None,
    ) -> tf.data.Dataset:
        """Return a dataset of (inputs, targets, weights, indices), `shares` batches for each batch of the order."""
        rows = order.batch // shares

        def load(indices: np.ndarray) -> tf.data.Dataset:
            dataset = tf.data.Dataset.from_tensor_slices((indices, order.weights))
            if decoded is None:
                return map_in_order(dataset, self._load_example).batch(rows, drop_remainder=True)
            return map_in_order(dataset.batch(rows, drop_remainder=True), functools.partial(self._load_batch, decoded))

        return self._augment(load, order.indices, augmentation, epoch).prefetch(2 * shares)

    def inputs(
        self,
        indices: np.ndarray,
        rows: int,
        augmentation: Augmentation | None = None,
        version: int = 0,
        decoded: Lookup | None = None,
    ) -> Iterable[Any]:
        """Return batches of `rows` inputs of these examples, in order; an incomplete last batch is left out."""

        def load(wanted: np.ndarray) -> tf.data.Dataset:
            dataset = tf.data.Dataset.from_tensor_slices(wanted)
            if decoded is None:
                dataset = map_in_order(dataset, lambda index: (self._read_input(index), (), (), index))
                return dataset.batch(rows, drop_remainder=True)
            dataset = dataset.batch(rows, drop_remainder=True)
            return map_in_order(dataset, lambda index: (self._read_rows(decoded, index), (), (), index))

        dataset = self._augment(load, indices, augmentation, version, with_targets=False)
        spec = self.input_spec()
        size = rows * spec.shape.num_elements() * (4 if augmentation else spec.dtype.size)
        dataset = map_in_order(dataset, lambda inputs, *others: inputs)
        return dataset.prefetch(max(2, min(_AHEAD, _AHEAD_BYTES // size)))

    def _read_input(self, index: tf.Tensor) -> tf.Tensor:
        return self.input(self.source.read_input(index))

    def _load_example(self, index: tf.Tensor, weight: tf.Tensor) -> tuple:
        fields = dict(self.source.element(index))
        fields.setdefault("label", tf.constant(self.source.labels)[index])
        return self.input(fields), self.task.target(fields, self.geometry), weight, index

    def _load_batch(self, decoded: Lookup, indices: tf.Tensor, weights: tf.Tensor) -> tuple:
        return self._read_rows(decoded, indices), self._targets.gather_batch(indices), weights, indices

    def _read_rows(self, decoded: Lookup, indices: tf.Tensor) -> tf.Tensor:
        spec = self.input_spec()
        rows = tf.numpy_function(decoded, [indices], spec.dtype, stateful=False)
        return tf.ensure_shape(rows, [indices.shape[0], *spec.shape])

    def _augment(
        self,
        load: Callable[[np.ndarray], tf.data.Dataset],
        indices: np.ndarray,
        augmentation: Augmentation | None,
        epoch: int,
        with_targets: bool = True,
    ) -> tf.data.Dataset:
        """Return the batches that `load` gives of these examples, changed and mixed as an epoch's are."""
        dataset = load(indices)
        if augmentation is None:
            return dataset
        known = self.source.identities
        identities = tf.constant(known)

        def change(inputs: tf.Tensor, targets: Any, weights: Any, indices: tf.Tensor) -> tuple:
            changes = self.draw(augmentation.keys(epoch, indices, identities), augmentation.operations)
            changed = self.task.transform(targets, changes) if with_targets else targets
            return self.change(inputs, changes), changed, weights, indices

        mixing = augmentation.mixing
        if mixing is None:
            return map_in_order(dataset, change)

        def mix(own: tuple, other: tuple) -> tuple:
            inputs, targets, weights, indices = change(*own)
            others, of_others, *_ = change(*other)
            drawn = self.draw_mix(augmentation.keys(epoch, indices, identities), mixing)
            mixed = self.task.mix(targets, of_others, drawn) if with_targets else targets
            return self.mix(inputs, others, drawn), mixed, weights, indices

        partners = load(augmentation.draw_partners(epoch, indices, known))
        return map_in_order(tf.data.Dataset.zip((dataset, partners)), mix)

    def _key_parts(self, **own: Any) -> dict[str, Any]:
        return {"task": self.task.kind, "version": INPUT_VERSION, **own}
