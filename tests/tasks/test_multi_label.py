from __future__ import annotations

import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn import metrics

from kerastune_ft.config.options.heads import Head
from kerastune_ft.config.options.tasks import ImageClassification as Options
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.errors import ConfigError
from kerastune_ft.losses.options import LossOptions
from kerastune_ft.metrics.several_classes import best_f1_threshold, sigmoid
from kerastune_ft.rules import FIRST, NEWEST, Rules
from kerastune_ft.tasks.multi_label import MultiLabelClassification

RANDOM = np.random.default_rng(0)
TARGETS = (RANDOM.random((40, 3)) < 0.4).astype(np.float32)
LOGITS = (RANDOM.normal(size=(40, 3)) * 2).astype(np.float32)


def _task(rules: Rules = NEWEST, **options: object) -> MultiLabelClassification:
    task = MultiLabelClassification(
        Options(multi_label=True, **options), Head(), LabelScheme("several", ("a", "b", "c")), 0, rules
    )
    assert isinstance(task, MultiLabelClassification)
    return task


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_loss_is_the_binary_cross_entropy_of_keras_over_real_examples(smoothing: float) -> None:
    weights = np.ones(40, np.float32)
    weights[33:] = 0
    loss, count = _task().loss(tf.constant(TARGETS), tf.constant(LOGITS), tf.constant(weights), LossOptions(smoothing))
    expected = keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=smoothing)(TARGETS[:33], LOGITS[:33])
    assert count == 33
    assert float(loss) / 33 == pytest.approx(float(expected), rel=1e-6)


def test_class_weights_are_factors_on_the_losses_of_positives() -> None:
    ones = tf.ones([40])
    weighted, count = _task().loss(
        tf.constant(TARGETS), tf.constant(LOGITS), ones, LossOptions(class_weights=(1.0, 5.0, 1.0))
    )
    plain, _ = _task().loss(tf.constant(TARGETS), tf.constant(LOGITS), ones)
    positives = -np.log(sigmoid(LOGITS[:, 1]))[TARGETS[:, 1] > 0].sum()
    assert count == 40
    assert float(weighted) == pytest.approx(float(plain) + 4 * positives / 3, rel=1e-5)


def loss_by_hand(smoothing: float, weights: list[float]) -> float:
    """The summed loss, example by example and class by class, as the README says it."""
    total = 0.0
    for targets, logits in zip(TARGETS.tolist(), LOGITS.tolist(), strict=True):
        for target, logit, weight in zip(targets, logits, weights, strict=True):
            likely = 1 / (1 + math.exp(-logit))
            share = (1 - smoothing) * target + smoothing / 2
            loss = -share * math.log(likely) - (1 - share) * math.log(1 - likely)
            total += loss * (weight if target else 1) / len(targets)
    return total


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("weights", [[1.0, 1.0, 1.0], [1.1, 4.25, 9.5]])
def test_a_weight_multiplies_the_losses_of_the_examples_that_have_the_class(
    smoothing: float, weights: list[float]
) -> None:
    arguments = tf.constant(TARGETS), tf.constant(LOGITS), tf.ones([40]), LossOptions(smoothing, tuple(weights))
    assert float(_task().loss(*arguments)[0]) == pytest.approx(loss_by_hand(smoothing, weights), rel=1e-5)
    # Without either, both versions have the same loss; runs of the first go on with theirs where they differ.
    earlier = float(_task(rules=FIRST).loss(*arguments)[0])
    is_same = smoothing == 0 or max(weights) == 1
    assert (earlier == pytest.approx(loss_by_hand(smoothing, weights), rel=1e-5)) is is_same


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_a_weight_never_moves_the_optimum_of_the_examples_without_the_class(smoothing: float) -> None:
    # Of an example without any class the loss is least at half the smoothing, whatever the weights.
    logit = tf.Variable([[math.log(smoothing / (2 - smoothing)) if smoothing else -30.0] * 3])
    with tf.GradientTape() as tape:
        options = LossOptions(smoothing, (2.0, 9.5, 40.0))
        loss, _ = _task().loss(tf.zeros([1, 3]), logit, tf.ones([1]), options)
    assert np.abs(tape.gradient(loss, logit)).max() < 1e-6


@pytest.mark.parametrize("thresholds", [0.5, 0.8, {"b": 0.05, "c": 0.9}, "best_f1"])
def test_training_accuracy_decides_at_the_thresholds(thresholds: object) -> None:
    task = _task(thresholds=thresholds)
    weights = np.ones(40, np.float32)
    weights[30:] = 0
    found = task.training_sums(tf.constant(TARGETS), tf.constant(LOGITS), tf.constant(weights))
    assert float(found["accuracy"]) == 30 * task.evaluate(TARGETS[:30], LOGITS[:30])["accuracy"]
    earlier = _task(thresholds=thresholds, rules=FIRST)
    half = earlier.training_sums(tf.constant(TARGETS), tf.constant(LOGITS), tf.constant(weights))
    assert float(half["accuracy"]) == 30 * _task().evaluate(TARGETS[:30], LOGITS[:30])["accuracy"]


def test_metrics_are_those_of_scikit_learn() -> None:
    found = _task().evaluate(TARGETS, LOGITS)
    probabilities = sigmoid(LOGITS)
    predicted = probabilities >= 0.5
    expected = {
        "loss": metrics.log_loss(TARGETS.ravel(), probabilities.ravel()),
        "accuracy": metrics.accuracy_score(TARGETS, predicted),
        "macro_f1": metrics.f1_score(TARGETS, predicted, average="macro"),
        "auc": metrics.roc_auc_score(TARGETS, probabilities, average="macro"),
        "mean_average_precision": metrics.average_precision_score(TARGETS, probabilities, average="macro"),
    }
    assert found == pytest.approx(expected, rel=1e-9)
    assert set(found) == set(_task().metric_directions)


def test_a_class_that_does_not_occur_is_left_out_of_the_means() -> None:
    targets = TARGETS.copy()
    targets[:, 2] = 0
    found = _task().evaluate(targets, LOGITS)
    expected = metrics.roc_auc_score(TARGETS[:, :2], LOGITS[:, :2], average="macro")
    assert found["auc"] == pytest.approx(expected)
    assert np.isnan(_task().evaluate(np.zeros_like(targets), LOGITS)["mean_average_precision"])


def test_thresholds_decide_and_leave_probabilities_alone() -> None:
    low = _task(thresholds={"b": 0.01})
    columns = low.predictions(TARGETS, LOGITS)
    assert all("b" in prediction.split("|") for prediction in columns["prediction"])
    assert (columns["probability_b"] == _task().predictions(None, LOGITS)["probability_b"]).all()
    nothing = _task(thresholds=0.999999).predictions(None, LOGITS)
    assert set(nothing["prediction"]) == {""}
    assert "label" not in nothing


def test_chosen_thresholds_have_the_best_f1_there_is() -> None:
    wanted, probabilities = TARGETS[:, 0] > 0, sigmoid(LOGITS[:, 0])
    chosen = best_f1_threshold(wanted, probabilities)
    every = [metrics.f1_score(wanted, probabilities >= limit) for limit in np.unique(probabilities)]
    assert metrics.f1_score(wanted, probabilities >= chosen) == pytest.approx(max(every))
    assert best_f1_threshold(np.array([False, False]), np.array([0.2, 0.9])) == 0.5
    # Of equal probabilities none can be told from the others.
    ties = best_f1_threshold(np.array([True, False, True, False]), np.array([0.7, 0.7, 0.7, 0.1]))
    assert 0.1 < ties < 0.7


def test_thresholds_chosen_on_one_split_hold_for_another() -> None:
    task = _task(thresholds="best_f1")
    chosen = task.choose_thresholds({"targets": TARGETS, "outputs": LOGITS})
    other = _task()
    other.set_thresholds(chosen)
    assert task.evaluate(TARGETS, LOGITS) == other.evaluate(TARGETS, LOGITS)
    assert task.evaluate(TARGETS, LOGITS)["macro_f1"] > _task().evaluate(TARGETS, LOGITS)["macro_f1"]
    assert set(_task().find_thresholds(TARGETS, LOGITS).values()) == {0.5}


def test_the_constant_predictor_knows_shares_and_ranks_nothing() -> None:
    task = _task()
    outputs = np.tile(task.constant(TARGETS), (40, 1))
    assert sigmoid(outputs[0]) == pytest.approx(TARGETS.mean(axis=0), rel=1e-5)
    assert task.evaluate(TARGETS, outputs)["auc"] == pytest.approx(0.5)


def test_the_figures_of_the_constant_predictor_by_hand() -> None:
    # Class a in 3 of 4 training examples, b in 1 of 4, c in none.
    labels = np.array([[1, 0, 0], [1, 1, 0], [1, 0, 0], [0, 0, 0]])
    task = _task(thresholds={"b": 0.2})
    targets = np.array([[1, 0, 0], [0, 1, 0]], np.float32)
    found = task.evaluate(targets, np.tile(task.constant(labels), (2, 1)))
    # It answers a and b (0.75 and 0.25 are above their thresholds) for everything.
    assert found["accuracy"] == 0
    assert found["macro_f1"] == pytest.approx(2 / 3)
    assert (found["auc"], found["mean_average_precision"]) == (0.5, 0.5)
    of_a, of_b = math.log(0.75) + math.log(0.25), math.log(0.75) + math.log(0.25)
    assert found["loss"] == pytest.approx(-(of_a + of_b + 2 * math.log(1 - 1e-6)) / 6, rel=1e-5)


def test_unknown_classes_in_thresholds_are_named() -> None:
    with pytest.raises(ConfigError, match=r"task\.thresholds: 'd' is not a class; the classes are a, b, c"):
        _task(thresholds={"d": 0.5})


def test_chosen_metrics_and_figures_by_class() -> None:
    scheme = LabelScheme("several", ("a", "b"))
    task = MultiLabelClassification(Options(multi_label=True, metrics=["sensitivity"]), Head(), scheme, 0)
    targets = np.array([[1, 0], [1, 1], [0, 1]], np.float32)
    outputs = np.array([[1, -1], [-1, -1], [-1, 1]], np.float32)
    assert task.evaluate(targets, outputs)["sensitivity"] == pytest.approx((1 / 2 + 1 / 2) / 2)
    assert task.summarise_classes({"targets": targets, "outputs": outputs})["b"] == pytest.approx(
        {"precision": 1, "recall": 0.5, "f1": 2 / 3, "examples": 2}
    )


def test_temperatures_change_probabilities_and_thresholds_and_no_label() -> None:
    task, raw = _task(thresholds={"a": 0.2, "b": 0.5, "c": 0.9}), _task(thresholds={"a": 0.2, "b": 0.5, "c": 0.9})
    task.set_temperature({"a": 2.0, "b": 0.5, "c": 3.0})
    wanted = sigmoid(LOGITS / np.array([2.0, 0.5, 3.0]))
    inputs = keras.Input((3,))
    assert keras.Model(inputs, task.finish(inputs))(LOGITS).numpy() == pytest.approx(wanted, abs=1e-6)
    cells, own = ([each.cells for each in one.decode(LOGITS, [None] * 40)] for one in (task, raw))
    assert [each["probability_c"] for each in cells] == pytest.approx(wanted[:, 2])
    assert [each["label"] for each in cells] == [each["label"] for each in own]
    by_shown = wanted >= list(task.shown_thresholds.values())
    assert ["|".join(np.array(["a", "b", "c"])[row]) for row in by_shown] == [each["label"] for each in own]
    assert raw.shown_thresholds == {"a": 0.2, "b": 0.5, "c": 0.9}
    with pytest.raises(ValueError, match="other classes"):
        task.set_temperature({"a": 1.0})


def test_outcomes_of_measured_examples_and_of_rows_agree() -> None:
    measured = {"targets": TARGETS, "outputs": LOGITS}
    columns = _task().prediction_columns(measured)
    rows = [{name: str(values[row]) for name, values in columns.items()} for row in range(40)]
    found, read = _task().outcomes(measured), _task().read_outcomes(rows)
    assert found.probabilities == pytest.approx(read.probabilities)
    assert (found.wanted == read.wanted).all()
