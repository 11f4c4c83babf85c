from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.tasks import mask_losses
from kerastune_ft.tasks.mask_losses import IGNORE, count_confusion, pixel_accuracy, pixel_cross_entropy

CLASSES = 4


def _batch(batch: int = 3, height: int = 9, width: int = 7) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    targets = random.integers(0, CLASSES, (batch, height, width)).astype(np.uint8)
    targets[random.random(targets.shape) < 0.2] = IGNORE
    return targets, random.normal(0, 3, (batch, height, width, CLASSES)).astype(np.float32)


def _expected(targets: np.ndarray, logits: np.ndarray, smoothing: float, weights: np.ndarray) -> np.ndarray:
    """Return the loss of every picture by a loop over its pixels, in float64."""
    losses = np.zeros(len(targets))
    for (picture, row, column), target in np.ndenumerate(targets):
        if target == IGNORE:
            continue
        values = logits[picture, row, column].astype(np.float64)
        logs = values - np.log(np.exp(values).sum())
        wanted = np.full(CLASSES, smoothing / CLASSES)
        wanted[target] += 1 - smoothing
        losses[picture] -= weights[target] * (wanted * logs).sum()
    return losses / targets[0].size


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("class_weights", [None, (0.5, 1.0, 2.0, 4.0)])
def test_cross_entropy_equals_a_loop_over_pixels(smoothing: float, class_weights: tuple[float, ...] | None) -> None:
    targets, logits = _batch()
    losses, counts = pixel_cross_entropy(tf.constant(targets), tf.constant(logits), smoothing, class_weights)
    weights = np.ones(CLASSES) if class_weights is None else np.array(class_weights)
    assert losses.numpy() == pytest.approx(_expected(targets, logits, smoothing, weights), rel=1e-5)
    assert counts.numpy() == pytest.approx((targets != IGNORE).mean(axis=(1, 2)), rel=1e-6)


def test_smoothing_is_that_of_keras() -> None:
    targets, logits = _batch()
    targets[targets == IGNORE] = 0
    keras_loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.2)
    losses, counts = pixel_cross_entropy(tf.constant(targets), tf.constant(logits), 0.2)
    assert counts.numpy() == pytest.approx(np.ones(3))
    expected = keras_loss(np.eye(CLASSES)[targets], logits)
    assert float(tf.reduce_mean(losses)) == pytest.approx(float(expected), rel=1e-5)


def test_a_picture_without_a_class_counts_nothing_and_has_no_gradient() -> None:
    targets, logits = _batch()
    targets[1] = IGNORE
    values = tf.constant(logits)
    with tf.GradientTape() as tape:
        tape.watch(values)
        losses, counts = pixel_cross_entropy(tf.constant(targets), values, 0.1, (1.0, 2.0, 3.0, 4.0))
        total = tf.reduce_sum(losses)
    gradient = tape.gradient(total, values).numpy()
    assert losses[1] == counts[1] == 0
    assert not gradient[targets == IGNORE].any()
    assert np.abs(gradient[targets != IGNORE]).max(axis=-1).min() > 0


def test_each_picture_is_what_it_is_alone() -> None:
    """So any division of a batch over replicas and micro-batches has the same sums."""
    targets, logits = _batch(6)
    whole = np.stack(pixel_cross_entropy(tf.constant(targets), tf.constant(logits), 0.1))
    parts = [np.stack(pixel_cross_entropy(targets[i : i + 2], tf.constant(logits[i : i + 2]), 0.1)) for i in (0, 2, 4)]
    assert np.array_equal(np.concatenate(parts, axis=1), whole)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_is_computed_in_float32(dtype: str) -> None:
    """In half precision the sum over the pixels of a picture overflows."""
    targets, logits = np.zeros((1, 400, 400), np.uint8), np.tile(np.float32([-30, 30, 0, 0]), (1, 400, 400, 1))
    losses, counts = pixel_cross_entropy(tf.constant(targets), tf.cast(logits, dtype))
    assert losses.dtype == counts.dtype == tf.float32
    assert losses.numpy() == pytest.approx([60], rel=1e-4)


def test_accuracy_counts_right_pixels_of_those_that_count() -> None:
    targets, logits = _batch()
    found = pixel_accuracy(tf.constant(targets), tf.constant(logits)).numpy()
    assert found == pytest.approx((logits.argmax(-1) == targets).mean(axis=(1, 2)), rel=1e-6)


def _confusion(targets: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    counts = np.zeros((len(targets), classes, classes), np.int64)
    for true, found, count in zip(targets, predicted, counts, strict=True):
        valid = true != IGNORE
        np.add.at(count, (true[valid], found[valid]), 1)
    return counts


@pytest.mark.parametrize(("height", "width"), [(9, 7), (512, 512), (257, 131), (1, 1)])
@pytest.mark.parametrize("classes", [2, 21])
def test_confusion_counts_are_exact(height: int, width: int, classes: int) -> None:
    random = np.random.default_rng(height)
    targets = random.integers(0, classes, (2, height, width)).astype(np.uint8)
    predicted = random.integers(0, classes, (2, height, width))
    targets[random.random(targets.shape) < 0.1] = IGNORE
    traced = tf.function(count_confusion, autograph=False)
    found = traced(tf.constant(targets), tf.constant(predicted), classes)
    assert found.dtype == tf.int32
    assert found.shape == (2, classes, classes)
    assert np.array_equal(found, _confusion(targets, predicted, classes))


def test_one_class_everywhere_is_counted_to_the_last_pixel() -> None:
    """More pixels in one cell than a bfloat16 or a float16 could count to."""
    ones = tf.ones([1, 1025, 1023], tf.uint8)
    assert count_confusion(ones, ones, 3).numpy()[0].tolist() == [[0, 0, 0], [0, 1025 * 1023, 0], [0, 0, 0]]


@pytest.mark.parametrize("chunk", [1, 5, 63, 64])
def test_chunks_of_any_size_give_the_same(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    targets, logits = _batch()
    monkeypatch.setattr(mask_losses, "_CHUNK", chunk)
    predicted = logits.argmax(-1)
    assert np.array_equal(count_confusion(tf.constant(targets), predicted, CLASSES), _confusion(targets, predicted, 4))


def test_the_batch_may_be_open() -> None:
    targets, logits = _batch()
    spec = [tf.TensorSpec([None, 9, 7], tf.uint8), tf.TensorSpec([None, 9, 7], tf.int64)]
    traced = tf.function(lambda true, found: count_confusion(true, found, CLASSES), input_signature=spec)
    assert np.array_equal(traced(targets, logits.argmax(-1)), _confusion(targets, logits.argmax(-1), CLASSES))
