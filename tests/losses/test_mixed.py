from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.config.options.heads import Head
from kerastune_ft.config.options.tasks import ImageClassification
from kerastune_ft.config.options.updates.losses import PhaseLoss
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.losses.mixed import Mixed, divide
from kerastune_ft.losses.options import LossOptions
from kerastune_ft.tasks.classification import Classification

RANDOM = np.random.default_rng(0)
OWN, OTHERS = RANDOM.integers(0, 3, (2, 12)).astype(np.int32)
LOGITS = RANDOM.normal(size=(12, 3)).astype(np.float32)
SHARE = RANDOM.integers(0, 9, 12).astype(np.float32) / 8
WEIGHTS = np.float32([1] * 9 + [0] * 3)


def _softmax() -> np.ndarray:
    found: np.ndarray = np.exp(LOGITS.astype(np.float64)) / np.exp(LOGITS.astype(np.float64)).sum(-1, keepdims=True)
    return found


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("factors", [None, (0.5, 1.0, 3.0)])
def test_the_loss_of_a_mixture_is_that_of_mixed_targets(smoothing: float, factors: tuple[float, ...] | None) -> None:
    """Weights belong to the labels; what the sum is divided by stays the number of examples, padding aside."""
    task = Classification(ImageClassification(), Head(), LabelScheme("one", ("a", "b", "c")), 0)
    compute = task.bind(None, LossOptions(smoothing, factors))
    sums = compute(Mixed(*map(tf.constant, (OWN, OTHERS, SHARE))), tf.constant(LOGITS), tf.constant(WEIGHTS))
    weighted = np.eye(3) * np.array(factors or (1.0, 1.0, 1.0))[:, None]
    smooth = (1 - smoothing) * weighted + smoothing / 3 * weighted.sum(axis=1, keepdims=True)
    wanted = SHARE[:, None] * smooth[OWN] + (1 - SHARE)[:, None] * smooth[OTHERS]
    expected = -(wanted * np.log(_softmax())).sum(axis=1)[:9].sum()
    assert float(sums["loss"]) == pytest.approx(expected, rel=1e-5)
    assert float(sums["count"]) == 9
    right = SHARE * (LOGITS.argmax(1) == OWN) + (1 - SHARE) * (LOGITS.argmax(1) == OTHERS)
    assert float(sums["accuracy"]) == pytest.approx(right[:9].sum())


def test_a_loss_that_is_not_linear_is_taken_of_both_labels() -> None:
    task = Classification(ImageClassification(), Head(), LabelScheme("one", ("a", "b", "c")), 0)
    compute = task.bind(None, LossOptions(loss=PhaseLoss(name="focal")))
    sums = compute(Mixed(*map(tf.constant, (OWN, OTHERS, SHARE))), tf.constant(LOGITS), tf.ones([12]))
    focal = (1 - _softmax()) ** 2 * -np.log(_softmax())
    rows = np.arange(12)
    assert float(sums["loss"]) == pytest.approx((SHARE * focal[rows, OWN] + (1 - SHARE) * focal[rows, OTHERS]).sum())


def test_targets_that_are_not_mixed_stay_whole() -> None:
    ((targets, weights),) = divide(tf.constant(OWN), tf.constant(WEIGHTS))
    assert np.array_equal(targets, OWN) and np.array_equal(weights, WEIGHTS)
