"""A task with own loss and metrics: sums for the step, figures of a whole split, intervals from resamples."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.config.options.heads import Head
from kerastune_ft.config.options.tasks import ImageClassification, Regression
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.errors import ConfigError
from kerastune_ft.losses.mixed import Mixed
from kerastune_ft.metrics.intervals.base import find_intervals
from kerastune_ft.own.objects import OwnMetric, OwnObjects
from kerastune_ft.own.task import OwnTask
from kerastune_ft.tasks.classification import Classification
from kerastune_ft.tasks.regression import Regression as RegressionTask

TARGETS = np.array([0, 1, 1, 0, 1, 0], np.int32)
LOGITS = np.array([[2, 0], [0, 1], [3, 0], [0, 0.5], [-1, 1], [0.2, 0]], np.float32)


def cost(targets: np.ndarray, outputs: np.ndarray) -> float:
    return float(np.mean((outputs.argmax(1) != targets) * (1 + targets)))


def _task(**own: Any) -> OwnTask:
    task = Classification(ImageClassification(), Head(), LabelScheme("one", ("a", "b")), 0)
    return OwnTask(task, OwnObjects(**own), 0)


def test_an_own_loss_is_summed_over_examples_and_padding_adds_nothing() -> None:
    def root(targets: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
        return tf.sqrt(outputs[:, 0])

    weights = tf.constant([1.0, 1, 1, 1, 0, 0])
    sums = _task(loss=root).bind(None)(tf.constant(TARGETS), tf.constant(LOGITS), weights)
    # The root of -1 is in the padding.
    assert float(sums["loss"]) == pytest.approx(np.sqrt(LOGITS[:4, 0]).sum())
    assert float(sums["count"]) == 4
    assert float(sums["accuracy"]) == 2


def test_the_loss_of_a_mixture_is_that_of_both_targets_in_their_shares() -> None:
    share = np.float32([1, 0.5, 0.25, 0, 0.9, 1])
    targets = Mixed(tf.constant(TARGETS), tf.constant(1 - TARGETS), tf.constant(share))
    keras_loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    sums = _task(loss=keras_loss).bind(None)(targets, tf.constant(LOGITS), tf.ones(6))
    likelihoods = LOGITS - np.log(np.exp(LOGITS).sum(1, keepdims=True))
    own, others = likelihoods[np.arange(6), TARGETS], likelihoods[np.arange(6), 1 - TARGETS]
    assert float(sums["loss"]) == pytest.approx(-float((own * share + others * (1 - share)).sum()), rel=1e-6)
    assert float(sums["count"]) == 6


def test_metrics_get_probabilities_of_the_whole_split() -> None:
    accuracy = keras.metrics.SparseCategoricalAccuracy()
    task = _task(metrics={"cost": OwnMetric(cost, "min"), "hits": OwnMetric(accuracy)})
    measured = {"targets": TARGETS, "outputs": LOGITS}
    for _ in range(2):
        found = task.summarise(measured)
        # Wrong are the third, a 1, and the fourth, a 0; a metric of Keras begins anew each time.
        assert found["cost"] == pytest.approx((2 + 1) / 6)
        assert found["hits"] == pytest.approx(found["accuracy"])
    assert task.metric_directions["cost"] == "min"
    assert list(task.metric_directions)[-2:] == ["cost", "hits"]
    low, high = find_intervals(task.sample(measured))["cost"]
    assert 0 <= low < 0.5 < high
    assert "hits" not in find_intervals(task.sample(measured))


def test_metrics_of_values_are_in_the_units_of_the_labels() -> None:
    seen: list[tuple[np.ndarray, np.ndarray]] = []

    def keep(targets: np.ndarray, outputs: np.ndarray) -> float:
        seen.append((targets, outputs))
        return 0.0

    options = Regression(kind="image_regression")
    task = RegressionTask(options, Head(), LabelScheme("values", ("size",), (10.0,), (2.0,)), 0)
    own = OwnTask(task, OwnObjects(metrics={"kept": OwnMetric(keep)}), 0)
    own.summarise({"targets": np.float32([[0.5], [-1]]), "outputs": np.float32([[1], [0]])})
    np.testing.assert_allclose(seen[0][0], [[11], [8]])
    np.testing.assert_allclose(seen[0][1], [[12], [10]])


def test_what_is_no_number_names_the_metric() -> None:
    task = _task(metrics={"cost": OwnMetric(lambda targets, outputs: "low")})
    with pytest.raises(ConfigError, match=r"metrics\['cost'\]: it gives no number of targets \(6,\)"):
        task.summarise({"targets": TARGETS, "outputs": LOGITS})
