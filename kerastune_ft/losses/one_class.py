"""Losses where each example belongs to one class.

Targets are class numbers, int32 [batch]; outputs are logits [batch, classes].
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from kerastune_ft.config.options.updates.losses import PhaseLoss
from kerastune_ft.losses.focal import focus_on_class
from kerastune_ft.losses.options import LossOptions

_PLAIN = PhaseLoss(name="cross_entropy")


def compute_losses(targets: tf.Tensor, outputs: tf.Tensor, options: LossOptions) -> tf.Tensor:
    """Return the loss of each example, float32 [batch], times the weight of its class where there are weights."""
    loss = options.loss or _PLAIN
    losses = _LOSSES[loss.name](targets, tf.cast(outputs, tf.float32), options.smoothing, loss)
    if options.class_weights is not None:
        losses *= tf.gather(tf.convert_to_tensor(options.class_weights, tf.float32), targets)
    return losses


def _cross_entropy(targets: tf.Tensor, logits: tf.Tensor, smoothing: Any, loss: PhaseLoss) -> tf.Tensor:
    classes = logits.shape[-1]
    kept, spread = tf.cast(1.0 - smoothing, tf.float32), tf.cast(smoothing / classes, tf.float32)
    wanted = tf.one_hot(targets, classes, on_value=kept, off_value=0.0, dtype=tf.float32) + spread
    return tf.nn.softmax_cross_entropy_with_logits(wanted, logits)


def _focal(targets: tf.Tensor, logits: tf.Tensor, smoothing: Any, loss: PhaseLoss) -> tf.Tensor:
    assert loss.gamma is not None
    plain = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)
    return focus_on_class(targets, logits, loss.gamma) * plain


_LOSSES: Mapping[str, Callable[[tf.Tensor, tf.Tensor, Any, PhaseLoss], tf.Tensor]] = {
    "cross_entropy": _cross_entropy,
    "focal": _focal,
}
