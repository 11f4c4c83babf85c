"""Targets of examples that are mixtures of two, and how their losses add up."""

from __future__ import annotations

from typing import Any, NamedTuple

import tensorflow as tf


class Mixed(NamedTuple):
    """The targets of a batch of mixtures: of each example itself, of the one it is mixed with, and in which share."""

    own: Any
    others: Any
    share: Any
    """How much of each mixture is the example itself, float32 [batch]."""


def divide(targets: Any, weights: tf.Tensor) -> list[tuple[Any, tf.Tensor]]:
    """Return the targets that losses are taken of, each with the weights [batch] of the examples.

    The loss of a mixture is that of both targets in their shares (Zhang et al., 2018, arXiv:1710.09412): with the
    cross-entropy this is the same as mixing the targets, and it holds for any loss, smoothing and class weights.
    """
    if not isinstance(targets, Mixed):
        return [(targets, weights)]
    return [(targets.own, weights * targets.share), (targets.others, weights * (1.0 - targets.share))]
