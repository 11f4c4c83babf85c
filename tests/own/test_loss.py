"""A person's own loss: one for every example, or for every pixel that has a class."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.errors import ConfigError
from kerastune_ft.own.loss import compute_losses

TARGETS = np.array([0, 1, 1, 0, 1, 0], np.int32)
LOGITS = np.array([[2, 0], [0, 1], [3, 0], [0, 0.5], [-1, 1], [0.2, 0]], np.float32)
CROSS_ENTROPY = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def _losses(own: Any, targets: Any = TARGETS, outputs: Any = LOGITS, valid: Any = None) -> list[np.ndarray]:
    given = [each if each is None else tf.constant(each) for each in (targets, outputs, valid)]
    return [each.numpy() for each in compute_losses(own, *given)]


def test_a_loss_of_keras_is_that_of_each_example() -> None:
    losses, counts = _losses(CROSS_ENTROPY)
    probabilities = np.exp(LOGITS) / np.exp(LOGITS).sum(1, keepdims=True)
    np.testing.assert_allclose(losses, -np.log(probabilities[np.arange(6), TARGETS]), rtol=1e-5)
    np.testing.assert_array_equal(counts, np.ones(6))
    np.testing.assert_allclose(_losses(lambda targets, outputs: outputs)[0], LOGITS.mean(1))


def test_pixels_of_no_class_count_nothing() -> None:
    random = np.random.default_rng(0)
    targets, outputs = random.integers(0, 3, (2, 4, 5)), random.normal(size=(2, 4, 5, 3)).astype(np.float32)
    valid = (random.random((2, 4, 5)) < 0.7).astype(np.float32)
    losses, counts = _losses(CROSS_ENTROPY, targets, outputs, valid)
    likelihoods = outputs - np.log(np.exp(outputs).sum(-1, keepdims=True))
    own = -np.take_along_axis(likelihoods, targets[..., np.newaxis], -1)[..., 0]
    np.testing.assert_allclose(losses, (own * valid).sum((1, 2)) / 20, rtol=1e-5)
    np.testing.assert_allclose(counts, valid.mean((1, 2)))

    def spread(targets: Any, outputs: Any, valid: Any) -> Any:
        return tf.reduce_sum(valid, [1, 2])

    losses, counts = _losses(spread, targets, outputs, valid)
    np.testing.assert_allclose(losses, valid.sum((1, 2)) * valid.mean((1, 2)))
    np.testing.assert_allclose(counts, valid.mean((1, 2)))
    with pytest.raises(ConfigError, match=r"gives \(2,\) for masks \(2, 4, 5\).*third argument, valid"):
        _losses(lambda targets, outputs: tf.reduce_mean(outputs, [1, 2, 3]), targets, outputs, valid)


@pytest.mark.parametrize(
    ("own", "said"),
    [
        (lambda targets, outputs: tf.reduce_mean(outputs), r"it gives \(\) for a batch of 6.*\(6,\); give the losses"),
        (lambda targets, outputs: outputs[:3, 0], r"it gives \(3,\) for a batch of 6"),
        (lambda targets, outputs: 1 / 0, r"targets \(6,\) and outputs \(6, 2\) \(ZeroDivisionError"),
        (
            keras.losses.CategoricalCrossentropy(from_logits=True),
            "class numbers, as the losses of Keras that begin with",
        ),
        (lambda targets, outputs: np.abs(outputs.numpy()), "values as NumPy has them"),
        (lambda targets, outputs: np.array(outputs).mean(1), "values as NumPy has them"),
        (lambda targets, outputs: outputs[:, 0] if tf.reduce_sum(outputs) > 0 else outputs[:, 1], "by the value"),
    ],
)
def test_what_gives_no_losses_is_told_as_the_step_is_compiled(own: Any, said: str) -> None:
    step = tf.function(lambda targets, outputs: compute_losses(own, targets, outputs), autograph=False)
    with pytest.raises(ConfigError, match=said):
        step(TARGETS, LOGITS)
