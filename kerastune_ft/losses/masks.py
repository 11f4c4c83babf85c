"""Losses of segmentation for each image, so that padding and replicas add up exactly.

Targets are masks of class numbers, uint8 [batch, height, width], in which `IGNORE` belongs to no class; outputs are
logits [batch, height, width, classes] of the same height and width. All sums are divided by height x width: an image
without ignored pixels counts 1, one with a quarter ignored 0.75.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from kerastune_ft.config.options.updates.losses import PhaseLoss
from kerastune_ft.data.annotations.masks import IGNORE
from kerastune_ft.losses.focal import focus_on_class
from kerastune_ft.losses.options import LossOptions

_PLAIN = PhaseLoss(name="cross_entropy")


def compute_losses(targets: tf.Tensor, outputs: tf.Tensor, options: LossOptions) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the loss of each image times its share of valid pixels, and that share, float32 [batch] each.

    Every pixel of a split weighs the same in `sum of losses / sum of counts`. Smoothing and class weights belong to the
    cross-entropy, and weights to the focal loss; they leave the count as it is.
    """
    loss = options.loss or _PLAIN
    return _LOSSES[loss.name](targets, tf.cast(outputs, tf.float32), options, loss)


def pixel_cross_entropy(
    targets: tf.Tensor, logits: tf.Tensor, smoothing: Any = 0.0, class_weights: Any = None
) -> tuple[tf.Tensor, tf.Tensor]:
    """Return for each image the summed cross-entropy of its valid pixels and their number, both by height x width.

    `smoothing` is the share of the target that is spread over all classes; `class_weights` are factors on the losses of
    pixels by class, which leave the count as it is.
    """
    logits = tf.cast(logits, tf.float32)
    labels = _labels(targets)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
    if LossOptions(smoothing).is_smooth:
        spread = tf.reduce_logsumexp(logits, -1) - tf.reduce_mean(logits, -1)
        losses = tf.cast(1.0 - smoothing, tf.float32) * losses + tf.cast(smoothing, tf.float32) * spread
    return _sum_pixels(targets, _weigh(losses, labels, class_weights))


def dice_losses(targets: tf.Tensor, logits: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return 1 - soft Dice of each image times its share of valid pixels, and that share, float32 [batch] each.

    Soft Dice of a class is 2 sum(p t) / (sum(p) + sum(t)) over the valid pixels of the image, p being probabilities and
    t 1 for pixels of the class (Milletari et al., 2016, arXiv:1606.04797, with plain sums below as in Drozdzal et al.,
    2016, arXiv:1608.04117). The mean is over the classes that the mask has: so nothing is divided by zero, and what is
    predicted of an absent class counts by what the others lack.
    """
    probabilities = tf.nn.softmax(tf.cast(logits, tf.float32))
    valid = _valid(targets)
    true = tf.one_hot(_labels(targets), logits.shape[-1]) * valid[..., tf.newaxis]
    hits = tf.reduce_sum(probabilities * true, [1, 2])
    pixels = tf.reduce_sum(true, [1, 2])
    both = pixels + tf.reduce_sum(probabilities * valid[..., tf.newaxis], [1, 2])
    occurs = pixels > 0
    missing = tf.where(occurs, 1.0 - 2.0 * hits / tf.where(occurs, both, 1.0), 0.0)
    classes = tf.reduce_sum(tf.cast(occurs, tf.float32), -1)
    share = tf.reduce_sum(valid, [1, 2]) * _unit(targets)
    return share * tf.reduce_sum(missing, -1) / tf.maximum(classes, 1.0), share


def divide_labels(targets: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return class numbers, int32, 0 for ignored pixels, and 1 for all others, float32; both [batch, height, width]."""
    return _labels(targets), _valid(targets)


def _labels(targets: tf.Tensor) -> tf.Tensor:
    """Return class numbers, int32; 0 for ignored pixels."""
    return tf.where(tf.equal(targets, IGNORE), 0, tf.cast(targets, tf.int32))


def _valid(targets: tf.Tensor) -> tf.Tensor:
    return tf.cast(tf.not_equal(targets, IGNORE), tf.float32)


def _unit(targets: tf.Tensor) -> float:
    return 1.0 / math.prod(targets.shape[1:3])


def _weigh(losses: tf.Tensor, labels: tf.Tensor, class_weights: Any) -> tf.Tensor:
    if class_weights is None:
        return losses
    return losses * tf.gather(tf.convert_to_tensor(class_weights, tf.float32), labels)


def _sum_pixels(targets: tf.Tensor, losses: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return for each image the sum of losses [batch, height, width] over its valid pixels, and their number."""
    valid, unit = _valid(targets), _unit(targets)
    return tf.reduce_sum(losses * valid, [1, 2]) * unit, tf.reduce_sum(valid, [1, 2]) * unit


def _cross_entropy(
    targets: tf.Tensor, logits: tf.Tensor, options: LossOptions, loss: PhaseLoss
) -> tuple[tf.Tensor, tf.Tensor]:
    return pixel_cross_entropy(targets, logits, options.smoothing, options.class_weights)


def _focal(targets: tf.Tensor, logits: tf.Tensor, options: LossOptions, loss: PhaseLoss) -> tuple[tf.Tensor, tf.Tensor]:
    assert loss.gamma is not None
    labels = _labels(targets)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
    losses *= focus_on_class(labels, logits, loss.gamma)
    return _sum_pixels(targets, _weigh(losses, labels, options.class_weights))


def _dice(targets: tf.Tensor, logits: tf.Tensor, options: LossOptions, loss: PhaseLoss) -> tuple[tf.Tensor, tf.Tensor]:
    return dice_losses(targets, logits)


def _both(targets: tf.Tensor, logits: tf.Tensor, options: LossOptions, loss: PhaseLoss) -> tuple[tf.Tensor, tf.Tensor]:
    return _add_dice(*_cross_entropy(targets, logits, options, loss), targets, logits, loss)


def _focal_and_dice(
    targets: tf.Tensor, logits: tf.Tensor, options: LossOptions, loss: PhaseLoss
) -> tuple[tf.Tensor, tf.Tensor]:
    return _add_dice(*_focal(targets, logits, options, loss), targets, logits, loss)


def _add_dice(
    losses: tf.Tensor, counts: tf.Tensor, targets: tf.Tensor, logits: tf.Tensor, loss: PhaseLoss
) -> tuple[tf.Tensor, tf.Tensor]:
    assert loss.dice is not None
    overlap, _ = dice_losses(targets, logits)
    return losses + loss.dice * overlap, counts


_LOSSES: Mapping[str, Callable[[tf.Tensor, tf.Tensor, LossOptions, PhaseLoss], tuple[tf.Tensor, tf.Tensor]]] = {
    "cross_entropy": _cross_entropy,
    "focal": _focal,
    "dice": _dice,
    "cross_entropy_dice": _both,
    "focal_dice": _focal_and_dice,
}
