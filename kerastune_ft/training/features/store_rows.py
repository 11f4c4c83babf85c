"""Rows of stores on their way in and out: filled view by view, and read by example and view."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from kerastune_ft.stores.rows import Rows
from kerastune_ft.stores.store import FeatureStore
from kerastune_ft.training.watch import Watcher


@dataclass(frozen=True)
class StoredFeatures:
    """The rows of a store by example and view, as the tensors they are made of."""

    rows: Rows
    places: np.ndarray
    """The position of every example's row by view, int64 [views, examples of the source]; -1 where it has none."""
    tensors: tuple[tf.TensorSpec, ...]
    """Of one example each."""

    @property
    def row_bytes(self) -> int:
        """Return the bytes of one example."""
        return sum(tensor.shape.num_elements() * tensor.dtype.size for tensor in self.tensors)

    def __call__(self, indices: np.ndarray, view: int = 0) -> Any:
        """Return the features of these examples: an array, or a list of them where several tensors cross the cut."""
        packed = self.rows[self.places[view % len(self.places), indices]]
        parts, at = [], 0
        for tensor in self.tensors:
            dtype = tensor.dtype.as_numpy_dtype
            size = tensor.shape.num_elements() * tensor.dtype.size
            own = np.ascontiguousarray(packed[:, at : at + size])
            parts.append(own.view(dtype).reshape(len(packed), *tensor.shape))
            at += size
        return parts[0] if len(parts) == 1 else parts


@dataclass(frozen=True)
class StoredByLength:
    """The rows of stores of texts, one for each length they are padded to."""

    buckets: np.ndarray
    """By example, the number of its length."""
    stores: Mapping[int, StoredFeatures]

    def __call__(self, indices: np.ndarray, view: int = 0) -> Any:
        """Return the features of examples that share a length."""
        return self.stores[int(self.buckets[indices[0]])](indices, view)


class StoreWriter:
    """The store of examples of one shape while it is filled, view by view."""

    def __init__(
        self, store: FeatureStore, tensors: tuple[tf.TensorSpec, ...], examples: np.ndarray, known: int
    ) -> None:
        """`known` are the examples of the source, of which these are some."""
        self.store, self.examples, self.ids = store, examples, list[bytes]()
        self._tensors, self._known, self._places = tensors, known, list[np.ndarray]()

    def add(self, ids: list[bytes]) -> None:
        """Take up the rows of a view, in the order of the examples."""
        places = np.full(self._known, -1, np.int64)
        places[self.examples] = np.arange(len(self.ids), len(self.ids) + len(ids))
        self._places.append(places)
        self.ids += ids

    def read_back(self) -> StoredFeatures:
        """Return the rows of all views."""
        return StoredFeatures(self.store.rows(self.ids), np.stack(self._places), self._tensors)


@dataclass
class StoreProgress:
    """How much of the rows that lack is there, and how much of it this process computed."""

    watch: Watcher
    what: str
    total: int
    done: int = 0
    own: int = 0
    own_bytes: int = 0

    def count_computed(self, rows: int, size: int) -> None:
        """Count rows of so many bytes that this process computed, and tell of them."""
        self.done, self.own, self.own_bytes = self.done + rows, self.own + rows, self.own_bytes + size
        self.show(self.done)

    def show(self, done: int) -> None:
        """Tell how many rows are there."""
        self.watch.work(self.what, done, self.total)
