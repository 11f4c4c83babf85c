from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.metrics import mean_absolute_error, mean_squared_error

from kerastune_ft.config.options.updates.losses import PhaseLoss
from kerastune_ft.losses.options import LossOptions
from kerastune_ft.losses.values import compute_losses

RANDOM = np.random.default_rng(0)
TARGETS = RANDOM.normal(size=(30, 2)).astype(np.float32)
OUTPUTS = (TARGETS + 3 * RANDOM.normal(size=(30, 2))).astype(np.float32)


def _losses(loss: PhaseLoss | None, outputs: np.ndarray = OUTPUTS) -> np.ndarray:
    found: np.ndarray = compute_losses(tf.constant(TARGETS), tf.constant(outputs), LossOptions(loss=loss)).numpy()
    return found


def test_squared_and_absolute_errors_are_those_of_scikit_learn() -> None:
    for loss in (None, PhaseLoss(name="mse")):
        assert _losses(loss).mean() == pytest.approx(mean_squared_error(TARGETS, OUTPUTS), rel=1e-6)
    assert _losses(PhaseLoss(name="mae")).mean() == pytest.approx(mean_absolute_error(TARGETS, OUTPUTS), rel=1e-6)


@pytest.mark.parametrize("delta", [0.1, 1.0, 2.5])
def test_huber_is_that_of_keras_for_each_example(delta: float) -> None:
    expected = keras.losses.Huber(delta=delta, reduction=None)(TARGETS, OUTPUTS)
    assert _losses(PhaseLoss(name="huber", delta=delta)) == pytest.approx(np.asarray(expected), rel=1e-5)


def test_huber_by_hand_below_at_and_beyond_delta() -> None:
    errors = np.array([[0.0, -0.5], [1.0, -1.0], [3.0, -1e20]], np.float32)
    found = compute_losses(tf.zeros([3, 2]), tf.constant(errors), LossOptions(loss=PhaseLoss(name="huber")))
    assert found.numpy() == pytest.approx([0.125 / 2, 0.5, (2.5 + 1e20) / 2])


def test_the_gradient_of_a_great_error_is_delta() -> None:
    outputs = tf.constant([[100.0, -0.25]])
    with tf.GradientTape() as tape:
        tape.watch(outputs)
        losses = compute_losses(tf.zeros([1, 2]), outputs, LossOptions(loss=PhaseLoss(name="huber", delta=0.5)))
    assert tape.gradient(losses, outputs).numpy() == pytest.approx(np.array([[0.25, -0.125]]))
