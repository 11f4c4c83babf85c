from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.metrics import f1_score

from kerastune_ft.config.options.updates.losses import LOSSES, LossName, PhaseLoss
from kerastune_ft.data.annotations.masks import IGNORE
from kerastune_ft.losses.masks import compute_losses, dice_losses, pixel_cross_entropy
from kerastune_ft.losses.options import LossOptions
from tests.support.mask_files import PIXEL_CLASSES, draw_pixels


def _expected(targets: np.ndarray, logits: np.ndarray, smoothing: float, weights: np.ndarray) -> np.ndarray:
    """Return the loss of every picture by a loop over its pixels, in float64."""
    losses = np.zeros(len(targets))
    for (picture, row, column), target in np.ndenumerate(targets):
        if target == IGNORE:
            continue
        values = logits[picture, row, column].astype(np.float64)
        logs = values - np.log(np.exp(values).sum())
        wanted = np.full(PIXEL_CLASSES, smoothing / PIXEL_CLASSES)
        wanted[target] += 1 - smoothing
        losses[picture] -= weights[target] * (wanted * logs).sum()
    return losses / targets[0].size


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("class_weights", [None, (0.5, 1.0, 2.0, 4.0)])
def test_cross_entropy_equals_a_loop_over_pixels(smoothing: float, class_weights: tuple[float, ...] | None) -> None:
    targets, logits = draw_pixels()
    losses, counts = pixel_cross_entropy(tf.constant(targets), tf.constant(logits), smoothing, class_weights)
    weights = np.ones(PIXEL_CLASSES) if class_weights is None else np.array(class_weights)
    assert losses.numpy() == pytest.approx(_expected(targets, logits, smoothing, weights), rel=1e-5)
    assert counts.numpy() == pytest.approx((targets != IGNORE).mean(axis=(1, 2)), rel=1e-6)


def test_smoothing_is_that_of_keras() -> None:
    targets, logits = draw_pixels()
    targets[targets == IGNORE] = 0
    keras_loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.2)
    losses, counts = pixel_cross_entropy(tf.constant(targets), tf.constant(logits), 0.2)
    assert counts.numpy() == pytest.approx(np.ones(3))
    expected = keras_loss(np.eye(PIXEL_CLASSES)[targets], logits)
    assert float(tf.reduce_mean(losses)) == pytest.approx(float(expected), rel=1e-5)


def test_a_picture_without_a_class_counts_nothing_and_has_no_gradient() -> None:
    targets, logits = draw_pixels()
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
    targets, logits = draw_pixels(6)
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


def _softmax(logits: np.ndarray) -> np.ndarray:
    shifted = np.exp(logits.astype(np.float64) - logits.max(-1, keepdims=True))
    return shifted / shifted.sum(-1, keepdims=True)


def _dice_by_loop(targets: np.ndarray, logits: np.ndarray) -> list[float]:
    """Return 1 - soft Dice of each picture, class by class; 0 for a picture without a labelled pixel."""
    found = []
    for mask, probabilities in zip(targets, _softmax(logits), strict=True):
        scores = []
        for number in range(PIXEL_CLASSES):
            true, predicted = (mask == number)[mask != IGNORE], probabilities[..., number][mask != IGNORE]
            if true.any():
                scores.append(2 * predicted[true].sum() / (true.sum() + predicted.sum()))
        found.append(1 - float(np.mean(scores)) if scores else 0.0)
    return found


def test_dice_equals_a_loop_over_classes_also_where_one_is_empty() -> None:
    targets, logits = draw_pixels()
    targets[1][targets[1] == 2] = 0
    targets[2] = IGNORE
    losses, shares = dice_losses(tf.constant(targets), tf.constant(logits))
    assert shares.numpy() == pytest.approx((targets != IGNORE).mean(axis=(1, 2)), rel=1e-6)
    assert losses.numpy() == pytest.approx(_dice_by_loop(targets, logits) * shares.numpy(), rel=1e-5)
    assert losses[2] == shares[2] == 0


def test_dice_of_certain_predictions_is_one_minus_f1() -> None:
    targets, logits = draw_pixels()
    certain = np.where(np.eye(PIXEL_CLASSES, dtype=bool)[logits.argmax(-1)], 1e4, -1e4).astype(np.float32)
    losses, shares = dice_losses(tf.constant(targets), tf.constant(certain))
    for mask, found, loss, share in zip(targets, logits.argmax(-1), losses.numpy(), shares.numpy(), strict=True):
        valid = mask != IGNORE
        expected = f1_score(mask[valid], found[valid], average="macro", labels=np.unique(mask[valid]))
        assert loss / share == pytest.approx(1 - expected, rel=1e-5)


def test_dice_has_a_finite_gradient_wherever_pixels_and_classes_lack() -> None:
    targets, logits = draw_pixels()
    targets[0], targets[1] = IGNORE, 3
    logits[1, ..., 3] = -1e4
    values = tf.constant(logits)
    with tf.GradientTape() as tape:
        tape.watch(values)
        total = tf.reduce_sum(dice_losses(tf.constant(targets), values)[0])
    gradient = tape.gradient(total, values).numpy()
    assert np.isfinite(gradient).all()
    assert not gradient[targets == IGNORE].any()
    assert gradient[2][targets[2] != IGNORE].any()


@pytest.mark.parametrize("weights", [None, (0.5, 1.0, 2.0, 4.0)])
def test_focal_is_the_cross_entropy_times_a_power_of_what_is_missing(weights: tuple[float, ...] | None) -> None:
    targets, logits = draw_pixels()
    options = LossOptions(class_weights=weights, loss=PhaseLoss(name="focal", gamma=1.5))
    losses, counts = compute_losses(tf.constant(targets), tf.constant(logits), options)
    labels = np.where(targets == IGNORE, 0, targets)
    true = np.take_along_axis(_softmax(logits), labels[..., None], -1)[..., 0]
    expected = (1 - true) ** 1.5 * -np.log(true) * (targets != IGNORE) * np.take(weights or np.ones(4), labels)
    assert losses.numpy() == pytest.approx(expected.mean(axis=(1, 2)), rel=1e-4)
    assert counts.numpy() == pytest.approx((targets != IGNORE).mean(axis=(1, 2)), rel=1e-6)


def test_both_add_up_and_smoothing_and_weights_are_the_cross_entropys() -> None:
    targets, logits = draw_pixels()
    settings = (0.1, (1.0, 2.0, 3.0, 4.0))
    options = LossOptions(*settings, loss=PhaseLoss(name="cross_entropy_dice", dice=0.7))
    losses, counts = compute_losses(tf.constant(targets), tf.constant(logits), options)
    plain, shares = pixel_cross_entropy(tf.constant(targets), tf.constant(logits), *settings)
    expected = plain.numpy() + 0.7 * np.multiply(_dice_by_loop(targets, logits), shares)
    assert losses.numpy() == pytest.approx(expected, rel=1e-5)
    assert np.array_equal(counts, shares)


def test_focal_and_dice_add_up_and_weights_are_the_focal_losses() -> None:
    targets, logits = draw_pixels()
    weights = (1.0, 2.0, 3.0, 4.0)
    focal = LossOptions(class_weights=weights, loss=PhaseLoss(name="focal", gamma=1.5))
    both = LossOptions(class_weights=weights, loss=PhaseLoss(name="focal_dice", gamma=1.5, dice=0.7))
    alone, shares = compute_losses(tf.constant(targets), tf.constant(logits), focal)
    losses, counts = compute_losses(tf.constant(targets), tf.constant(logits), both)
    expected = alone.numpy() + 0.7 * np.multiply(_dice_by_loop(targets, logits), shares)
    assert losses.numpy() == pytest.approx(expected, rel=1e-5)
    assert np.array_equal(counts, shares)


@pytest.mark.parametrize("name", LOSSES["mask"])
def test_every_loss_is_a_sum_over_pictures_of_which_one_without_a_class_counts_nothing(name: LossName) -> None:
    targets, logits = draw_pixels(4)
    targets[2] = IGNORE
    options = LossOptions(loss=PhaseLoss(name=name))
    whole = np.stack(compute_losses(tf.constant(targets), tf.constant(logits), options))
    alone = [np.stack(compute_losses(targets[i : i + 1], tf.constant(logits[i : i + 1]), options)) for i in range(4)]
    assert np.concatenate(alone, axis=1) == pytest.approx(whole, rel=1e-6)
    assert not whole[:, 2].any()
    assert (whole[:, [0, 1, 3]] > 0).all()


def test_where_nothing_is_said_it_is_the_cross_entropy() -> None:
    targets, logits = draw_pixels()
    found = compute_losses(tf.constant(targets), tf.constant(logits), LossOptions(0.1))
    assert np.array_equal(found, pixel_cross_entropy(tf.constant(targets), tf.constant(logits), 0.1))
