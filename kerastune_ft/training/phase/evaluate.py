"""Exact evaluation: raw outputs of a whole split, collected by example, then metrics by scikit-learn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from kerastune_ft.input.order import in_order
from kerastune_ft.training.devices.devices import Devices
from kerastune_ft.training.features.feed import Feed
from kerastune_ft.training.phase.step import PhaseStep


@dataclass(frozen=True)
class Evaluated:
    """The examples of a split in their order, with their targets and the model's raw outputs."""

    indices: np.ndarray
    targets: np.ndarray
    outputs: np.ndarray


def evaluate_split(
    step: PhaseStep,
    devices: Devices,
    feed: Feed,
    indices: np.ndarray,
    batch: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Evaluated:
    """Return the targets and raw outputs [examples, ...] of these examples, in their order.

    `batch` is the global batch shape; the last batch, of each length where there are several, is padded, and the
    padding dropped.
    """
    order = in_order(indices, batch, devices.replicas, buckets=feed.loader.buckets)
    targets: list[np.ndarray] = []
    outputs: list[np.ndarray] = []
    for number, (features, wanted, *_) in enumerate(feed.measured(order)):
        outputs.append(devices.rows(step.outputs(features)))
        targets.append(devices.rows(wanted))
        progress(min(len(indices), (number + 1) * batch), len(indices))
    # Where the real examples are, in the order asked for: batches of one length come in another.
    places = np.flatnonzero(order.weights > 0)
    places = places[np.argsort(order.indices[places])][np.argsort(np.argsort(indices))]
    return Evaluated(indices, np.concatenate(targets)[places], np.concatenate(outputs)[places])


def as_tensor(epoch: int) -> tf.Tensor:
    """Return an epoch's number as the tensor that compiled steps take, so that a new epoch is no new trace."""
    return tf.constant(epoch, tf.int32)
