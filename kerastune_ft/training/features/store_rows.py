"""Rows of feature stores: written view by view, and read by example and view."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from kerastune_ft.graph.parts import Part, join_parts
from kerastune_ft.stores.rows import Rows
from kerastune_ft.stores.store import FeatureStore
from kerastune_ft.training.features import store_key
from kerastune_ft.training.watch import Watcher


@dataclass(frozen=True)
class StoredFeatures:
    """The rows of a store by example and view, as the tensors they are made of."""

    rows: Rows | np.ndarray
    """In the store's files, or in memory: uint8 [rows, row_bytes]."""
    places: np.ndarray
    """The position of every example's row by view, int64 [views, examples of the source]; -1 where it has none."""
    tensors: tuple[tf.TensorSpec, ...]
    """The specs of the tensors in a row."""
    shared: StoredFeatures | None = None
    """Rows of the same examples that hold the other tensors of the cut; None where there are no others."""
    passed: tuple[int | None, ...] = ()
    """For each tensor of the cut its place in the rows of `shared`, None where it is in those here."""

    @property
    def row_bytes(self) -> int:
        """Return the number of bytes of an example, those in `shared` included."""
        return store_key.row_bytes(self.tensors) + (self.shared.row_bytes if self.shared is not None else 0)

    def __call__(self, indices: np.ndarray, view: int = 0) -> Any:
        """Return the features of these examples: an array [examples, ...], or a list of arrays for several tensors.

        Raises AssertionError for an example that is not stored: a mistake of this package.
        """
        own = self._read_own(indices, view)
        if self.shared is None:
            return own[0] if len(own) == 1 else own
        new, below = iter(own), self.shared._read_own(indices, view)
        parts = [next(new) if place is None else below[place] for place in self.passed]
        return parts[0] if len(parts) == 1 else parts

    def _read_own(self, indices: np.ndarray, view: int) -> list[np.ndarray]:
        """Return the tensors of the rows of these examples, arrays [examples, ...]."""
        places = self.places[view % len(self.places), indices]
        if places.min(initial=0) < 0:
            raise AssertionError("features are read of examples that are not stored")
        packed = self.rows[places]
        parts, at = [], 0
        for tensor in self.tensors:
            dtype = tensor.dtype.as_numpy_dtype
            size = tensor.shape.num_elements() * tensor.dtype.size
            own = np.ascontiguousarray(packed[:, at : at + size])
            parts.append(own.view(dtype).reshape(len(packed), *tensor.shape))
            at += size
        return parts


@dataclass(frozen=True)
class StoredByLength:
    """The rows of the stores of texts: one store for each padded length."""

    buckets: np.ndarray
    """The number of the padded length of each example."""
    stores: Mapping[int, StoredFeatures]

    def __call__(self, indices: np.ndarray, view: int = 0) -> Any:
        """Return the features of examples that share a length."""
        return self.stores[int(self.buckets[indices[0]])](indices, view)


@dataclass(frozen=True)
class JointRows:
    """Rows of the parts of examples with several inputs, which need nothing computed, as the tail takes them."""

    cut: tuple[Part, ...]
    parts: tuple[Any, ...]
    """Lookups of rows of one shape, in the order of `cut`."""

    @property
    def row_bytes(self) -> int:
        """Return the number of bytes in a row of all parts."""
        return sum(part.row_bytes for part in self.parts)

    def __call__(self, indices: np.ndarray, view: int = 0) -> list[Any]:
        """Return the features of these examples: a list of arrays [examples, ...]."""
        return join_parts(self.cut, [part(indices, view) for part in self.parts])


class StoreWriter:
    """Collects the rows of a store of examples of one shape, view by view."""

    def __init__(
        self, store: FeatureStore, tensors: tuple[tf.TensorSpec, ...], examples: np.ndarray, known: int
    ) -> None:
        """`known` is the number of examples of the source; `examples` are the indices of those in the store."""
        self.store, self.examples, self.ids = store, examples, list[bytes]()
        self._tensors, self._known, self._places = tensors, known, list[np.ndarray]()

    def add(self, ids: list[bytes]) -> None:
        """Add the ids of the rows of the next view, in the order of the examples."""
        places = np.full(self._known, -1, np.int64)
        places[self.examples] = np.arange(len(self.ids), len(self.ids) + len(ids))
        self._places.append(places)
        self.ids += ids

    def read_back(self, shared: StoredFeatures | None, passed: tuple[int | None, ...]) -> StoredFeatures:
        """Return the rows of all views that were added, for reading, with the tensors that `shared` has of them."""
        return StoredFeatures(self.store.rows(self.ids), np.stack(self._places), self._tensors, shared, passed)


@dataclass
class StoreProgress:
    """Progress of filling a store: rows missing at the start, rows written so far, and those of this process."""

    watch: Watcher
    what: str
    total: int
    done: int = 0
    own: int = 0
    own_bytes: int = 0

    def count_computed(self, rows: int, size: int) -> None:
        """Count rows that this process computed, `size` bytes in all, and report progress."""
        self.done, self.own, self.own_bytes = self.done + rows, self.own + rows, self.own_bytes + size
        self.show(self.done)

    def show(self, done: int) -> None:
        """Report progress: `done` rows are there."""
        self.watch.work(self.what, done, self.total)
