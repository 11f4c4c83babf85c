"""The factor of the focal loss (Lin et al., 2017, arXiv:1708.02002), which takes weight from what is easy.

The focal loss is (1 - p)^gamma times the cross-entropy, p being the probability of what is true. Here the logarithm of
1 - p is computed from logits, so that neither the factor nor its gradient is lost where p rounds to 0 or 1.
"""

from __future__ import annotations

import tensorflow as tf


def focus_on_class(labels: tf.Tensor, logits: tf.Tensor, gamma: float) -> tf.Tensor:
    """Return (1 - probability of the label)^gamma, float32 [...]; `labels` are integers [...], `logits` [..., classes].

    There must be two classes at least.
    """
    is_label = tf.one_hot(labels, logits.shape[-1], on_value=True, off_value=False, dtype=tf.bool)
    others = tf.reduce_logsumexp(tf.where(is_label, -float("inf"), logits), axis=-1)
    return tf.exp(gamma * (others - tf.reduce_logsumexp(logits, axis=-1)))


def focus_on_flag(flags: tf.Tensor, logits: tf.Tensor, gamma: float) -> tf.Tensor:
    """Return (1 - probability of the flag)^gamma, float32; `flags` are 0 or 1, their probability is that of sigmoid."""
    return tf.exp(gamma * tf.math.log_sigmoid(tf.where(flags > 0.5, -logits, logits)))
