from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.tasks import pixel_counts
from kerastune_ft.tasks.pixel_counts import IGNORE, count_confusion, pixel_accuracy
from tests.support.mask_files import PIXEL_CLASSES, draw_pixels


def test_accuracy_counts_right_pixels_of_those_that_count() -> None:
    targets, logits = draw_pixels()
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
    targets, logits = draw_pixels()
    monkeypatch.setattr(pixel_counts, "_CHUNK", chunk)
    predicted = logits.argmax(-1)
    assert np.array_equal(
        count_confusion(tf.constant(targets), predicted, PIXEL_CLASSES), _confusion(targets, predicted, 4)
    )


def test_the_batch_may_be_open() -> None:
    targets, logits = draw_pixels()
    spec = [tf.TensorSpec([None, 9, 7], tf.uint8), tf.TensorSpec([None, 9, 7], tf.int64)]
    traced = tf.function(lambda true, found: count_confusion(true, found, PIXEL_CLASSES), input_signature=spec)
    assert np.array_equal(traced(targets, logits.argmax(-1)), _confusion(targets, logits.argmax(-1), PIXEL_CLASSES))
