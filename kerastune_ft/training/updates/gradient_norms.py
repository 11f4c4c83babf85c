"""The L2 norms of the gradients of each unit, added up over the updates of an epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from kerastune_ft.training.devices.devices import Devices

COLUMNS = ("epoch", "unit", "mean", "largest", "steps")
"""The columns of a phase's gradient_norms.csv."""


class GradientNorms:
    """Sum and maximum over the updates of an epoch, by unit, of the norm of the gradient that an update is made by.

    That is the gradient of the mean loss over all replicas and micro-batches, before clipping. The values are variables
    that a compiled step updates, so that nothing waits for them; what is measured changes no update.
    """

    def __init__(self, devices: Devices, units: Sequence[str]) -> None:
        """`units` has the unit of every trained variable, in the order of the gradients."""
        self._names = list(dict.fromkeys(units))
        self._members = [[place for place, own in enumerate(units) if own == name] for name in self._names]
        self._dtype = devices.sum_dtype
        count = len(self._names)
        with devices.strategy.scope():
            self._total = tf.Variable(tf.zeros(count, self._dtype), trainable=False, name="gradient_norms_total")
            self._largest = tf.Variable(tf.zeros(count, self._dtype), trainable=False, name="gradient_norms_largest")
            self._steps = tf.Variable(0, trainable=False, dtype=tf.int64, name="gradient_norms_steps")

    def measure(self, gradients: Sequence[tf.Tensor]) -> tf.Tensor:
        """Return the norm of each unit's gradients, [units]; they are reduced, so that every replica gets the same."""
        squares = [tf.cast(tf.reduce_sum(tf.square(tf.cast(each, tf.float32))), self._dtype) for each in gradients]
        return tf.sqrt(tf.stack([tf.add_n([squares[place] for place in own]) for own in self._members]))

    def update(self, norms: tf.Tensor, applied: tf.Tensor | None = None) -> None:
        """Take the norms of an update in, unless it was skipped; call it once a step, outside the replicas."""
        if applied is not None:
            norms = tf.where(applied, norms, tf.zeros_like(norms))
        self._total.assign(tf.convert_to_tensor(self._total) + norms)
        self._largest.assign(tf.maximum(tf.convert_to_tensor(self._largest), norms))
        made = tf.constant(1, tf.int64) if applied is None else tf.cast(applied, tf.int64)
        self._steps.assign(tf.convert_to_tensor(self._steps) + made)

    def end_epoch(self, epoch: int) -> list[dict[str, Any]]:
        """Return the rows of an epoch, one for each unit, and begin the next; none where no update was made."""
        found = self.state()
        self.restore({})
        steps = found["steps"]
        pairs = zip(self._names, found["total"], found["largest"], strict=True)
        rows = [
            {"epoch": epoch, "unit": unit, "mean": total / steps if steps else 0.0, "largest": largest, "steps": steps}
            for unit, total, largest in pairs
        ]
        return rows if steps else []

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint keeps."""
        return {
            "total": [float(value) for value in self._total.numpy()],
            "largest": [float(value) for value in self._largest.numpy()],
            "steps": int(self._steps.numpy()),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` returned, or from nothing."""
        nothing = [0.0] * len(self._names)
        dtype = self._dtype.as_numpy_dtype
        self._total.assign(np.asarray(state.get("total", nothing), dtype))
        self._largest.assign(np.asarray(state.get("largest", nothing), dtype))
        self._steps.assign(state.get("steps", 0))


def summarise_norms(rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """Return by unit the mean norm in the first and in the last epoch that has one, and the largest of all updates."""
    found: dict[str, dict[str, float]] = {}
    for row in rows:
        own = found.setdefault(row["unit"], {"first": row["mean"], "last": row["mean"], "largest": 0.0})
        own["last"], own["largest"] = row["mean"], max(own["largest"], row["largest"])
    return found
