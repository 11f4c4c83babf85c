from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.metrics import log_loss

from kerastune_ft.config.options.updates.losses import PhaseLoss
from kerastune_ft.losses.options import LossOptions
from kerastune_ft.losses.several_classes import compute_losses

RANDOM = np.random.default_rng(1)
TARGETS = (RANDOM.random((40, 3)) < 0.3).astype(np.float32)
LOGITS = RANDOM.normal(size=(40, 3)).astype(np.float32) * 2


def _losses(options: LossOptions, targets: np.ndarray = TARGETS) -> np.ndarray:
    found: np.ndarray = compute_losses(tf.constant(targets), tf.constant(LOGITS), options).numpy()
    return found


def _by_hand(gamma: float, weights: tuple[float, ...]) -> np.ndarray:
    likely = 1 / (1 + np.exp(-LOGITS.astype(np.float64)))
    true = np.where(TARGETS > 0, likely, 1 - likely)
    found: np.ndarray = ((1 - true) ** gamma * -np.log(true) * np.where(TARGETS > 0, weights, 1.0)).mean(axis=1)
    return found


@pytest.mark.parametrize("loss", [None, PhaseLoss(name="cross_entropy")])
def test_the_own_loss_is_the_log_loss_of_scikit_learn(loss: PhaseLoss | None) -> None:
    likely = 1 / (1 + np.exp(-LOGITS.astype(np.float64)))
    assert _losses(LossOptions(loss=loss)).mean() == pytest.approx(log_loss(TARGETS.ravel(), likely.ravel()), rel=1e-5)


@pytest.mark.parametrize("gamma", [0.5, 2.0])
@pytest.mark.parametrize("weights", [None, (0.25, 1.0, 3.0)])
def test_focal_is_that_of_keras_and_of_its_formula(gamma: float, weights: tuple[float, ...] | None) -> None:
    found = _losses(LossOptions(class_weights=weights, loss=PhaseLoss(name="focal", gamma=gamma)))
    assert found == pytest.approx(_by_hand(gamma, weights or (1.0, 1.0, 1.0)), rel=1e-4)
    if weights is None:
        of_keras = keras.losses.BinaryFocalCrossentropy(gamma=gamma, from_logits=True)(TARGETS, LOGITS)
        assert found.mean() == pytest.approx(float(of_keras), rel=1e-3)


def test_a_phase_that_an_older_run_gets_trains_on_the_loss_it_names() -> None:
    found = {}
    for name, loss in (("own", None), ("focal", PhaseLoss(name="focal", gamma=2.0))):
        options = LossOptions(class_weights=(0.25, 1.0, 3.0), loss=loss)
        found[name] = compute_losses(tf.constant(TARGETS), tf.constant(LOGITS), options, weights_by_label=False).numpy()
    assert found["focal"] == pytest.approx(_by_hand(2.0, (0.25, 1.0, 3.0)), rel=1e-4)
    assert found["own"] == pytest.approx(_by_hand(0.0, (0.25, 1.0, 3.0)), rel=1e-4)


def test_focal_is_finite_at_probabilities_of_zero_and_one() -> None:
    logits = tf.constant([[1e4, -1e4], [-1e4, 1e4]])
    with tf.GradientTape() as tape:
        tape.watch(logits)
        options = LossOptions(loss=PhaseLoss(name="focal", gamma=0.5))
        losses = compute_losses(tf.constant([[1.0, 0.0], [1.0, 0.0]]), logits, options)
    assert losses.numpy() == pytest.approx([0, 1e4])
    assert tape.gradient(losses, logits).numpy() == pytest.approx(np.array([[0, 0], [-0.5, 0.5]]))
