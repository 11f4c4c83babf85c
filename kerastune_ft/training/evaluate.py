"""Exact evaluation: raw outputs of a whole split, collected by example, then metrics by scikit-learn."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from kerastune_ft.input.pipeline import Loader, Order, in_order
from kerastune_ft.training.devices import Devices
from kerastune_ft.training.step import PhaseStep


def distributed(devices: Devices, loader: Loader, order: Order, **options: Any) -> Iterable[Any]:
    """Return the batches of an order, an equal share for every replica; `options` are those of `Loader.dataset`."""
    if not devices.is_distributed:
        return loader.dataset(order, 1, **options)
    own = order.share(devices.worker, devices.workers)
    return devices.strategy.distribute_datasets_from_function(
        lambda context: loader.dataset(own, devices.local_replicas, **options)
    )


@dataclass(frozen=True)
class Evaluated:
    """The examples of a split in their order, with their targets and the model's raw outputs."""

    indices: np.ndarray
    targets: np.ndarray
    outputs: np.ndarray


def evaluate_split(
    step: PhaseStep,
    devices: Devices,
    loader: Loader,
    indices: np.ndarray,
    batch: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Evaluated:
    """Return the targets and raw outputs [examples, ...] of these examples, in their order.

    `batch` is the global batch shape; the last batch is padded, and the padding dropped.
    """
    order = in_order(indices, batch, devices.replicas)
    targets: list[np.ndarray] = []
    outputs: list[np.ndarray] = []
    for number, (inputs, wanted, *_) in enumerate(distributed(devices, loader, order)):
        outputs.append(devices.rows(step.outputs(inputs)))
        targets.append(devices.rows(wanted))
        progress(min(len(indices), (number + 1) * batch), len(indices))
    real = order.weights > 0
    return Evaluated(indices, np.concatenate(targets)[real], np.concatenate(outputs)[real])


def as_tensor(epoch: int) -> tf.Tensor:
    """Return an epoch's number as the tensor that compiled steps take, so that a new epoch is no new trace."""
    return tf.constant(epoch, tf.int32)
