"""The mean answer of several models as raw outputs: what a task finishes to the mean of what it finishes each one's to.

Each mean comes twice: of symbolic outputs, of Keras' own operations, so that a saved model opens with Keras alone; and
of arrays, in float64.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np


def join_probabilities(outputs: Sequence[Any]) -> Any:
    """Return symbolic logits [..., classes] whose softmax is the mean of the softmax of each of `outputs`."""
    return _join_logarithms([keras.ops.log_softmax(each, axis=-1) for each in outputs])


def join_flags(outputs: Sequence[Any]) -> Any:
    """Return symbolic logits [..., classes] whose sigmoid is the mean of the sigmoid of each of `outputs`."""
    present = _join_logarithms([keras.ops.log_sigmoid(each) for each in outputs])
    absent = _join_logarithms([keras.ops.log_sigmoid(-each) for each in outputs])
    return present - absent


def join_values(outputs: Sequence[Any]) -> Any:
    """Return the symbolic mean of outputs."""
    total = outputs[0]
    for each in outputs[1:]:
        total = total + each
    return total / float(len(outputs))


def _join_logarithms(logarithms: Sequence[Any]) -> Any:
    """Return the symbolic logarithm of the mean of what these are the logarithms of."""
    total = logarithms[0]
    for each in logarithms[1:]:
        total = keras.ops.logaddexp(total, each)
    return total - math.log(len(logarithms))


def average_probabilities(outputs: np.ndarray) -> np.ndarray:
    """Return logits [examples, classes] whose softmax is the mean of the softmax of logits [models, examples, classes].

    They are float32, from sums in float64.
    """
    # Imported where it is used: the engine is imported without SciPy, which takes long and few runs need.
    from scipy.special import log_softmax, logsumexp

    logarithms = logsumexp(log_softmax(outputs.astype(np.float64), axis=-1), axis=0) - math.log(len(outputs))
    return np.asarray(logarithms, np.float32)


def average_flags(outputs: np.ndarray) -> np.ndarray:
    """Return logits [examples, classes] whose sigmoid is the mean of the sigmoid of logits [models, examples, classes].

    They are float32, from sums in float64.
    """
    from scipy.special import log_expit, logsumexp

    wide = outputs.astype(np.float64)
    return np.asarray(logsumexp(log_expit(wide), axis=0) - logsumexp(log_expit(-wide), axis=0), np.float32)


def average_values(outputs: np.ndarray) -> np.ndarray:
    """Return the mean of outputs [models, examples, values] over the models, float32."""
    return np.asarray(outputs.mean(axis=0, dtype=np.float64), np.float32)
