"""The targets of examples by index, augmented and mixed as their inputs are, without decoding any input."""

from __future__ import annotations

import functools
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from kerastune_ft.data.source import DataSource
from kerastune_ft.input.augmentation import Augmentation
from kerastune_ft.input.loader import TargetTask
from kerastune_ft.input.mixing import Mix, Mixing

# Bytes of targets such as masks that are kept in memory; targets beyond are read again.
_KEPT_BYTES = 1 << 29


class Draws(Protocol):
    """What a loader draws for a batch of examples with these keys."""

    def draw(self, keys: tf.Tensor, operations: Mapping[str, Any]) -> Any:
        """Return the changes of an augmentation."""

    def draw_mix(self, keys: tf.Tensor, mixing: Mixing) -> Mix:
        """Return how the examples are mixed with others."""


class Targets:
    """The targets of all examples of a source: kept in memory where labels are numbers, else read from their files."""

    def __init__(
        self,
        source: DataSource,
        task: TargetTask,
        geometry: Any,
        draws: Draws | None,
    ) -> None:
        """Make targets of `task` at the shape `geometry`; `draws` is None where examples are never augmented."""
        self._source, self._task, self._geometry, self._draws = source, task, geometry, draws
        self._kept: OrderedDict[int, Any] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()
        self._changers: list[tuple[Augmentation, Callable[..., tf.Tensor]]] = []

    def __call__(self, indices: np.ndarray, augmentation: Augmentation | None = None, version: int = 0) -> Any:
        """Return the targets of these examples as arrays, or a nest of them, changed as the inputs of `version`."""
        targets = self._take(indices)
        # Labels of whole examples stay as they are, however their inputs are changed.
        if augmentation is None or (augmentation.mixing is None and not self.are_in_files):
            return targets
        others, partners = targets, indices
        if augmentation.mixing is not None:
            partners = augmentation.draw_partners(version, indices, self._source.identities)
            others = self._take(partners)
        return self._change(augmentation, (targets, indices), (others, partners), version)

    @property
    def are_in_files(self) -> bool:
        """Whether targets are made of more than a label in memory, as masks and boxes, which move with their images."""
        return self._all_targets is None

    def _take(self, indices: np.ndarray) -> Any:
        """Return the targets of these examples without augmentation."""
        if self._all_targets is None:
            return self._gather(indices)
        return tf.nest.map_structure(lambda rows: rows[indices], self._all_targets)

    def gather_batch(self, indices: tf.Tensor) -> Any:
        """Return the targets of a batch of examples without augmentation; a graph function."""
        if self._all_targets is not None:
            return tf.nest.map_structure(lambda rows: tf.gather(tf.constant(rows), indices), self._all_targets)
        specs = tf.nest.flatten(self._spec)

        def gather(wanted: np.ndarray) -> list[np.ndarray]:
            return list(tf.nest.flatten(self._gather(wanted)))

        found = tf.numpy_function(gather, [indices], [spec.dtype for spec in specs], stateful=False)
        pairs = zip(found, specs, strict=True)
        rows = [tf.ensure_shape(each, [indices.shape[0], *spec.shape]) for each, spec in pairs]
        return tf.nest.pack_sequence_as(self._spec, rows)

    @functools.cached_property
    def _all_targets(self) -> Any:
        """The targets of all examples by index; None where labels lie in files of their own."""
        source = self._source
        # It may be asked for first while a graph is traced.
        with tf.init_scope():
            if source.label_fields(tf.constant(0, tf.int64)):
                # Such as masks and boxes.
                return None
            labels = tf.data.Dataset.from_tensor_slices(source.labels)
            targets = map_in_order(labels, lambda label: self._task.target({"label": label}, self._geometry))
            return next(iter(targets.batch(len(source.labels)).as_numpy_iterator()))

    @functools.cached_property
    def _spec(self) -> Any:
        with tf.init_scope():
            return map_in_order(tf.data.Dataset.from_tensors(tf.constant(0, tf.int64)), self._read_target).element_spec

    def _read_target(self, index: tf.Tensor) -> Any:
        return self._task.target(self._source.label_fields(index), self._geometry)

    def _gather(self, indices: np.ndarray) -> Any:
        """Return targets that are read from files; the latest ones are kept in memory. Several threads may call it."""
        wanted = {int(index) for index in indices}
        found = {index: target for index in wanted if (target := self._kept.get(index)) is not None}
        missing = np.array(sorted(wanted - found.keys()), np.int64)
        if len(missing):
            dataset = map_in_order(tf.data.Dataset.from_tensor_slices(missing), self._read_target)
            read = dict(zip(missing.tolist(), dataset.as_numpy_iterator(), strict=True))
            found |= read
            self._keep(read)
        return tf.nest.map_structure(lambda *rows: np.stack(rows), *[found[int(index)] for index in indices])

    def _keep(self, read: Mapping[int, Any]) -> None:
        with self._lock:
            for index, target in read.items():
                if index not in self._kept:
                    self._kept[index] = target
                    self._bytes += _count_bytes(target)
            while self._bytes > _KEPT_BYTES and self._kept:
                _, dropped = self._kept.popitem(last=False)
                self._bytes -= _count_bytes(dropped)

    def _change(self, augmentation: Augmentation, own: tuple, others: tuple, version: int) -> Any:
        """Return targets after the changes drawn for their examples in a version, and mixed with others.

        Both are pairs of targets and indices.
        """
        change = next((call for known, call in self._changers if known is augmentation), None)
        if change is None:
            change = tf.function(functools.partial(self._transform, augmentation), autograph=False)
            self._changers.append((augmentation, change))
        pairs = [(targets, np.asarray(indices, np.int64)) for targets, indices in (own, others)]
        # The version is a tensor, so that a new epoch needs no new trace.
        changed = change(*pairs, tf.constant(version, tf.int32))
        return tf.nest.map_structure(lambda tensor: tensor.numpy(), changed)

    def _transform(self, augmentation: Augmentation, own: tuple, others: tuple, version: tf.Tensor) -> Any:
        assert self._draws is not None, "examples that are never augmented"
        draws, identities = self._draws, tf.constant(self._source.identities)

        def change(targets: Any, indices: tf.Tensor) -> Any:
            keys = augmentation.keys(version, indices, identities)
            return self._task.transform(targets, draws.draw(keys, augmentation.operations))

        changed = change(*own)
        if augmentation.mixing is None:
            return changed
        mix = draws.draw_mix(augmentation.keys(version, own[1], identities), augmentation.mixing)
        return self._task.mix(changed, change(*others), mix)


def _count_bytes(target: Any) -> int:
    return sum(array.nbytes for array in tf.nest.flatten(target))


def map_in_order(dataset: tf.data.Dataset, function: Callable) -> tf.data.Dataset:
    """Return a dataset mapped by a graph function, several elements at a time, in order.

    The function must use tf.cond and tf.while_loop itself: AutoGraph is off, since its rewriting takes longer than the
    rest of the tracing.
    """
    function = tf.autograph.experimental.do_not_convert(function)
    return dataset.map(function, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
