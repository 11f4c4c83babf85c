"""Losses where labels are numbers.

Targets are standardised values, float32 [batch, targets]; outputs have the same shape.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import tensorflow as tf

from kerastune_ft.config.options.updates.losses import PhaseLoss
from kerastune_ft.losses.options import LossOptions

_PLAIN = PhaseLoss(name="mse")


def compute_losses(targets: tf.Tensor, outputs: tf.Tensor, options: LossOptions) -> tf.Tensor:
    """Return the loss of each example, averaged over its targets, float32 [batch]."""
    loss = options.loss or _PLAIN
    return tf.reduce_mean(_LOSSES[loss.name](tf.cast(outputs, tf.float32) - targets, loss), axis=-1)


def _huber(errors: tf.Tensor, loss: PhaseLoss) -> tf.Tensor:
    """Return half the square of errors up to delta, and delta times what is beyond (Huber, 1964).

    Written by the part of an error up to delta, it has neither a branch nor a square that could overflow.
    """
    assert loss.delta is not None
    sizes = tf.abs(errors)
    near = tf.minimum(sizes, loss.delta)
    return near * (sizes - 0.5 * near)


_LOSSES: Mapping[str, Callable[[tf.Tensor, PhaseLoss], tf.Tensor]] = {
    "mse": lambda errors, loss: tf.square(errors),
    "mae": lambda errors, loss: tf.abs(errors),
    "huber": _huber,
}
