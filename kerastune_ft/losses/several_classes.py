"""Losses where any number of classes may apply to an example.

Targets are 1 for each class that applies and 0 for the others, float32 [batch, classes]; outputs are logits of the same
shape.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from kerastune_ft.config.options.updates.losses import PhaseLoss
from kerastune_ft.losses.focal import focus_on_flag
from kerastune_ft.losses.options import LossOptions

_PLAIN = PhaseLoss(name="cross_entropy")


def compute_losses(
    targets: tf.Tensor, outputs: tf.Tensor, options: LossOptions, weights_by_label: bool = True
) -> tf.Tensor:
    """Return the loss of each example, averaged over classes, float32 [batch].

    Class weights are factors on the losses of the examples that have the class, whatever the smoothing. Without
    `weights_by_label`, in runs that began before that rule, those of the cross-entropy multiply the share of the target
    that is 1; such a run may get phases with other losses.
    """
    loss = options.loss or _PLAIN
    logits = tf.cast(outputs, tf.float32)
    weights = (1.0,) * logits.shape[-1] if options.class_weights is None else options.class_weights
    factors = tf.convert_to_tensor(weights, tf.float32)
    if not weights_by_label and loss.name == _PLAIN.name:
        wanted = _smooth(targets, options.smoothing)
        losses = tf.nn.weighted_cross_entropy_with_logits(wanted, logits, factors)
    else:
        losses = _LOSSES[loss.name](targets, logits, options.smoothing, loss) * (1.0 + targets * (factors - 1.0))
    return tf.reduce_mean(losses, axis=-1)


def _smooth(targets: tf.Tensor, smoothing: Any) -> tf.Tensor:
    return targets * tf.cast(1.0 - smoothing, tf.float32) + tf.cast(0.5 * smoothing, tf.float32)


def _cross_entropy(targets: tf.Tensor, logits: tf.Tensor, smoothing: Any, loss: PhaseLoss) -> tf.Tensor:
    return tf.nn.sigmoid_cross_entropy_with_logits(_smooth(targets, smoothing), logits)


def _focal(targets: tf.Tensor, logits: tf.Tensor, smoothing: Any, loss: PhaseLoss) -> tf.Tensor:
    assert loss.gamma is not None
    plain = tf.nn.sigmoid_cross_entropy_with_logits(targets, logits)
    return focus_on_flag(targets, logits, loss.gamma) * plain


_LOSSES: Mapping[str, Callable[[tf.Tensor, tf.Tensor, Any, PhaseLoss], tf.Tensor]] = {
    "cross_entropy": _cross_entropy,
    "focal": _focal,
}
