"""The factor on the loss that keeps the gradients of float16 computations from vanishing or overflowing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import tensorflow as tf

from kerastune_ft.graph.rebuild.precision import FLOAT16
from kerastune_ft.training.devices.devices import Devices

START = 2.0**15
SMALLEST = 1.0
STEPS_TO_DOUBLE = 2000


def choose_loss_scale(devices: Devices, examples: int) -> LossScale | None:
    """Return the loss scale of a phase, or None where its gradients have the range of float32."""
    return LossScale(devices.strategy, examples) if devices.precision == FLOAT16 else None


class LossScale:
    """A power of two that halves where a gradient overflows and doubles after 2000 updates that did not.

    The loss of a step is a sum over examples; the scale is understood of their mean, as everywhere else. Its values are
    variables, made alike on every replica, and a step looks at reduced gradients only: so all replicas always agree.
    """

    def __init__(self, strategy: tf.distribute.Strategy, examples: int) -> None:
        """`examples` are those of one update over all replicas, padding included."""
        # A power of two, so that neither scaling nor its inverse rounds.
        self._share = 2.0 ** -math.ceil(math.log2(examples))
        with strategy.scope():
            self._scale = tf.Variable(START, trainable=False, dtype=tf.float32, name="loss_scale")
            self._good = tf.Variable(0, trainable=False, dtype=tf.int64, name="steps_since_overflow")
            self._skipped = tf.Variable(0, trainable=False, dtype=tf.int64, name="skipped_steps")
            # Of this process: a checkpoint is never written after a failure.
            self._updates = tf.Variable(0, trainable=False, dtype=tf.int64, name="updates")
            self._failed_at = tf.Variable(0, trainable=False, dtype=tf.int64, name="overflow_at_smallest")

    def scale_loss(self, loss: tf.Tensor) -> tf.Tensor:
        """Return the summed loss of one replica as it is differentiated."""
        return loss * tf.cast(self._factor(), loss.dtype)

    def unscale_gradients(self, gradients: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        """Return the gradients of the loss from those of the scaled loss."""
        inverse = 1.0 / self._factor()
        return [gradient * tf.cast(inverse, gradient.dtype) for gradient in gradients]

    def finite(self, reduced: Sequence[tf.Tensor]) -> tf.Tensor:
        """Return whether all these tensors are finite; each is reduced over the replicas, and so the answer is one."""
        return tf.reduce_all([tf.reduce_all(tf.math.is_finite(tensor)) for tensor in reduced])

    def update(self, finite: tf.Tensor) -> None:
        """Take in whether the step was made; call it once a step, outside the replicas."""
        scale, good = tf.convert_to_tensor(self._scale), tf.convert_to_tensor(self._good)
        doubles = tf.logical_and(finite, good + 1 >= STEPS_TO_DOUBLE)
        failed = tf.logical_and(tf.logical_not(finite), scale <= SMALLEST)
        updates, failed_at = tf.convert_to_tensor(self._updates) + 1, tf.convert_to_tensor(self._failed_at)
        self._updates.assign(updates)
        self._failed_at.assign(tf.where(tf.logical_and(failed, tf.equal(failed_at, 0)), updates, failed_at))
        self._skipped.assign(tf.convert_to_tensor(self._skipped) + tf.cast(tf.logical_not(finite), tf.int64))
        self._good.assign(tf.where(tf.logical_or(doubles, tf.logical_not(finite)), tf.zeros_like(good), good + 1))
        smaller = tf.maximum(scale / 2.0, SMALLEST)
        larger = tf.where(tf.math.is_finite(scale * 2.0), scale * 2.0, scale)
        self._scale.assign(tf.where(doubles, larger, tf.where(finite, scale, smaller)))

    @property
    def skipped_steps(self) -> int:
        """Return the steps skipped so far."""
        return int(self._skipped.numpy())

    @property
    def is_failed(self) -> bool:
        """Return whether a step overflowed at the smallest scale: no scale helps."""
        return bool(self._failed_at.numpy() > 0)

    @property
    def steps_since_failure(self) -> int:
        """Return the steps that were made after the first one that overflowed at the smallest scale."""
        return int(self._updates.numpy() - self._failed_at.numpy()) if self.is_failed else 0

    def state(self) -> dict[str, float]:
        """Return what a checkpoint keeps."""
        return {"scale": float(self._scale.numpy()), "good": int(self._good.numpy()), "skipped": self.skipped_steps}

    def restore(self, state: Mapping[str, float]) -> None:
        """Go on from what `state` returned."""
        self._scale.assign(state["scale"])
        self._good.assign(int(state["good"]))
        self._skipped.assign(int(state["skipped"]))

    def _factor(self) -> tf.Tensor:
        return tf.convert_to_tensor(self._scale) * self._share
