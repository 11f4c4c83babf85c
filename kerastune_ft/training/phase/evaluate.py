"""Exact evaluation: what the task measures of a whole split, collected by example."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from kerastune_ft.input.order import Order, order_batches
from kerastune_ft.metrics.texts.score import find_parts
from kerastune_ft.tasks.base import Measured
from kerastune_ft.training.devices.devices import Devices
from kerastune_ft.training.features.feed import Feed
from kerastune_ft.training.tiled.measure import measure_pictures


@dataclass(frozen=True)
class Evaluated:
    """The examples of a split in their order, with what the task measured of each."""

    indices: np.ndarray
    measured: Measured

    @property
    def is_finite(self) -> bool:
        """Tell whether no number that was measured is NaN or infinite."""
        # Of examples without an answer nothing is known, which is NaN.
        known = {name: rows for name, rows in self.measured.items() if name not in find_parts(self.measured)}
        return all(np.isfinite(rows).all() for rows in known.values() if rows.dtype.kind == "f")


class Measure(Protocol):
    """Something that is measured of the examples of a batch."""

    def measure(self, features: Any, targets: Any) -> Any:
        """Return arrays [batch, ...] by name, divided over the replicas as the batch is."""

    def find_many(self, rows: int) -> Callable[[tuple], Any] | None:
        """Return what measures stacks (features, targets) of batches of so many rows; None where there is nothing."""


def evaluate_split(
    step: Measure,
    devices: Devices,
    feed: Feed,
    indices: np.ndarray,
    batch: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Evaluated:
    """Return what `step` measures of these examples, as what the task does, in their order.

    `batch` is the global batch shape; the last batch, of each length where there are several, is padded, and the
    padding dropped.
    """
    if feed.loader.source.cuts is not None:
        return Evaluated(indices, measure_pictures(step, devices, feed, indices, batch, progress))
    order = order_batches(indices, batch, devices.replicas, buckets=feed.loader.buckets)
    batches: list[dict[str, np.ndarray]] = []
    for found, rows in _measure_order(step, devices, feed, order):
        batches.append(found)
        progress(min(len(indices), rows), len(indices))
    # Where the real examples are, in the order asked for: batches of one length come in another.
    places = np.flatnonzero(order.weights > 0)
    places = places[np.argsort(order.indices[places])][np.argsort(np.argsort(indices))]
    measured = {name: np.concatenate([batch[name] for batch in batches])[places] for name in batches[0]}
    return Evaluated(indices, measured)


def _measure_order(
    step: Measure, devices: Devices, feed: Feed, order: Order
) -> Iterator[tuple[dict[str, np.ndarray], int]]:
    """Yield what is measured of the next rows of an order, and the rows that are measured so far."""
    done = 0
    measure_stack = step.find_many(order.batch) if feed.can_stack(feed.plain) else None
    if measure_stack is not None:
        for features, targets, *_ in feed.evaluation_stacks(order):
            found = {name: np.asarray(rows) for name, rows in measure_stack((features, targets)).items()}
            done += order.batch * len(next(iter(found.values())))
            yield {name: rows.reshape(-1, *rows.shape[2:]) for name, rows in found.items()}, done
        return
    for features, targets, *_ in feed.evaluation_batches(order):
        done += order.batch
        yield {name: devices.rows(rows) for name, rows in step.measure(features, targets).items()}, done


def as_tensor(epoch: int) -> tf.Tensor:
    """Return an epoch's number as the tensor that compiled steps take, so that a new epoch is no new trace."""
    return tf.constant(epoch, tf.int32)
