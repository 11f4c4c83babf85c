from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.metrics import log_loss

from kerastune_ft.config.options.updates.losses import PhaseLoss
from kerastune_ft.losses.one_class import compute_losses
from kerastune_ft.losses.options import NO_OPTIONS, LossOptions

RANDOM = np.random.default_rng(0)
TARGETS = np.arange(30, dtype=np.int32) % 3
LOGITS = RANDOM.normal(size=(30, 3)).astype(np.float32) * 3


def _losses(options: LossOptions, targets: np.ndarray = TARGETS, logits: np.ndarray = LOGITS) -> np.ndarray:
    found: np.ndarray = compute_losses(tf.constant(targets), tf.constant(logits), options).numpy()
    return found


def _softmax(logits: np.ndarray) -> np.ndarray:
    shifted = np.exp(logits.astype(np.float64) - logits.max(-1, keepdims=True))
    return shifted / shifted.sum(-1, keepdims=True)


@pytest.mark.parametrize("loss", [None, PhaseLoss(name="cross_entropy")])
def test_the_own_loss_is_the_log_loss_of_scikit_learn(loss: PhaseLoss | None) -> None:
    assert _losses(LossOptions(loss=loss)).mean() == pytest.approx(log_loss(TARGETS, _softmax(LOGITS)), rel=1e-5)
    assert np.array_equal(_losses(LossOptions(loss=loss)), _losses(NO_OPTIONS))


@pytest.mark.parametrize("gamma", [0.5, 2.0, 5.0])
def test_focal_is_that_of_keras_and_of_its_formula(gamma: float) -> None:
    found = _losses(LossOptions(loss=PhaseLoss(name="focal", gamma=gamma)))
    true = _softmax(LOGITS)[np.arange(30), TARGETS]
    assert found == pytest.approx((1 - true) ** gamma * -np.log(true), rel=1e-4)
    of_keras = keras.losses.CategoricalFocalCrossentropy(alpha=1.0, gamma=gamma, from_logits=True, reduction=None)
    assert found == pytest.approx(np.asarray(of_keras(np.eye(3, dtype=np.float32)[TARGETS], LOGITS)), rel=1e-3)


def test_class_weights_are_the_alpha_of_the_paper() -> None:
    loss, weights = PhaseLoss(name="focal"), (0.25, 1.0, 3.0)
    found = _losses(LossOptions(class_weights=weights, loss=loss))
    assert found == pytest.approx(np.take(weights, TARGETS) * _losses(LossOptions(loss=loss)), rel=1e-6)


@pytest.mark.parametrize("gamma", [0.5, 2.0])
@pytest.mark.parametrize("size", [30.0, 1e4])
def test_focal_is_finite_at_probabilities_of_zero_and_one(gamma: float, size: float) -> None:
    """A power below 1 of a difference from 1 has no gradient where float32 says that the difference is 0."""
    logits = tf.constant([[size, -size, 0.0], [-size, size, 0.0]])
    options = LossOptions(loss=PhaseLoss(name="focal", gamma=gamma))
    with tf.GradientTape() as tape:
        tape.watch(logits)
        losses = compute_losses(tf.constant([0, 0]), logits, options)
    assert losses.numpy() == pytest.approx([0, 2 * size], rel=1e-6, abs=1e-6)
    gradient = tape.gradient(losses, logits).numpy()
    assert np.isfinite(gradient).all()
    assert gradient[1] == pytest.approx([-1, 1, 0], abs=1e-5)


@pytest.mark.parametrize("name", ["cross_entropy", "focal"])
def test_half_precision_is_computed_in_float32(name: str) -> None:
    options = LossOptions(loss=PhaseLoss(name=name))
    found = compute_losses(tf.constant(TARGETS), tf.cast(LOGITS, tf.float16), options)
    assert found.dtype == tf.float32
    assert found.numpy() == pytest.approx(_losses(options), rel=0.02, abs=1e-3)
