"""Losses that no phase can train on are refused before anything is computed, those of Keras and good ones are not."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.errors import ConfigError
from kerastune_ft.own.check_loss import check_loss
from kerastune_ft.own.loss import compute_losses

CLASSES = np.array([0, 1, 2, 1], np.int32)
VALUES = np.float32([[0.5], [-1], [2], [0]])
OUTPUTS = np.random.default_rng(1).normal(size=(4, 3)).astype(np.float32)
# What a head that begins at 0 gives.
ZEROS = np.zeros((4, 1), np.float32)


def _check(own: Any, targets: Any = CLASSES, outputs: np.ndarray = OUTPUTS) -> None:
    check_loss(lambda targets, outputs: compute_losses(own, targets, outputs), targets, outputs)


@pytest.mark.parametrize(
    ("own", "targets", "outputs"),
    [
        (keras.losses.SparseCategoricalCrossentropy(from_logits=True), CLASSES, OUTPUTS),
        (keras.losses.Huber(), VALUES, ZEROS),
        (keras.losses.MeanAbsoluteError(), VALUES, ZEROS),
        (lambda targets, outputs: tf.nn.relu(tf.abs(targets - outputs) - 0.1), VALUES, VALUES),
        # Of a head that ends with softplus.
        (lambda targets, outputs: -tf.math.log(outputs[:, 0]), CLASSES, np.abs(OUTPUTS) + 0.1),
    ],
)
def test_losses_that_teach_something_are_taken(own: Any, targets: Any, outputs: np.ndarray) -> None:
    _check(own, targets, outputs)


def _mean_of_all(targets: Any, outputs: Any) -> Any:
    return tf.fill([outputs.shape[0]], tf.reduce_mean(tf.square(outputs)))


@pytest.mark.parametrize(
    ("own", "said"),
    [
        (_mean_of_all, "depends on the others in its batch"),
        (lambda targets, outputs: tf.square(tf.cast(targets, tf.float32) - outputs[:, :1]), "depends on the others"),
        (lambda targets, outputs: -tf.math.log(outputs[:, 0] * 0), "it gives infinity of targets"),
        (lambda targets, outputs: tf.sqrt(-tf.abs(outputs[:, 0]) - 1), "it gives NaN of targets .*no probabilities"),
        (lambda targets, outputs: tf.sqrt(outputs[:, 0] * 0), "its gradient is NaN"),
        (lambda targets, outputs: tf.cast(tf.argmax(outputs, -1), tf.float32), "nothing of the outputs reaches it"),
        (lambda targets, outputs: tf.round(outputs[:, 0]), "nothing would be learned"),
        (
            lambda targets, outputs: tf.numpy_function(lambda x: x[:, 0], [outputs], tf.float32),
            "has no gradient either",
        ),
    ],
)
def test_losses_that_nothing_can_be_learned_from_are_refused(own: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        _check(own)


def test_examples_that_are_alike_hide_no_mean_over_the_batch() -> None:
    with pytest.raises(ConfigError, match="depends on the others in its batch"):
        _check(_mean_of_all, VALUES, ZEROS)
