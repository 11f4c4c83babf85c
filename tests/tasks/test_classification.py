from __future__ import annotations

import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn import metrics

from kerastune_ft.config.options.heads import Head
from kerastune_ft.config.options.task_facts import facts
from kerastune_ft.config.options.tasks import ImageClassification as Options
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.errors import ConfigError
from kerastune_ft.losses.options import LossOptions
from kerastune_ft.metrics.one_class import softmax
from kerastune_ft.rules import FIRST
from kerastune_ft.tasks.classification import Classification

RANDOM = np.random.default_rng(0)
TARGETS = np.arange(30, dtype=np.int32) % 3
LOGITS = RANDOM.normal(size=(30, 3)).astype(np.float32) * 3


def _task(classes: tuple[str, ...] = ("cat", "dog", "owl"), **options: object) -> Classification:
    return Classification(Options(**options), Head(), LabelScheme("one", classes), 0)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_loss_is_the_cross_entropy_of_keras_over_real_examples(smoothing: float) -> None:
    weights = np.ones(30, np.float32)
    weights[25:] = 0
    loss, count = _task().loss(tf.constant(TARGETS), tf.constant(LOGITS), tf.constant(weights), LossOptions(smoothing))
    assert count == 25
    if smoothing:
        keras_loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing, reduction="sum")
        expected = keras_loss(np.eye(3, dtype=np.float32)[TARGETS[:25]], LOGITS[:25])
    else:
        expected = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="sum")(
            TARGETS[:25], LOGITS[:25]
        )
    assert float(loss) == pytest.approx(float(expected), rel=1e-6)


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
@pytest.mark.parametrize("weights", [None, (0.5, 1.0, 4.0)])
def test_loss_computed_by_hand(smoothing: float, weights: tuple[float, ...] | None) -> None:
    loss, count = _task().loss(
        tf.constant(TARGETS), tf.constant(LOGITS), tf.ones([30]), LossOptions(smoothing, weights)
    )
    expected = 0.0
    for target, logits in zip(TARGETS.tolist(), LOGITS.tolist(), strict=True):
        whole = sum(math.exp(logit) for logit in logits)
        for number, logit in enumerate(logits):
            share = smoothing / 3 + (1 - smoothing) * (number == target)
            expected -= share * math.log(math.exp(logit) / whole) * (1 if weights is None else weights[target])
    assert float(loss) == pytest.approx(expected, rel=1e-5)
    # Weights do not change what the sum is divided by.
    assert count == 30


def test_training_sums_leave_out_padding() -> None:
    weights = np.ones(30, np.float32)
    weights[20:] = 0
    sums = _task().training_sums(tf.constant(TARGETS), tf.constant(LOGITS), tf.constant(weights))
    assert {name: int(value) for name, value in sums.items()} == {
        "accuracy": int((LOGITS.argmax(1) == TARGETS)[:20].sum())
    }


def test_metrics_are_those_of_scikit_learn() -> None:
    found = _task().evaluate(TARGETS, LOGITS)
    probabilities = softmax(LOGITS)
    predicted = probabilities.argmax(axis=1)
    assert found == pytest.approx(
        {
            "loss": metrics.log_loss(TARGETS, probabilities),
            "accuracy": metrics.accuracy_score(TARGETS, predicted),
            "macro_f1": metrics.f1_score(TARGETS, predicted, average="macro"),
            "auc": metrics.roc_auc_score(TARGETS, probabilities, multi_class="ovr"),
        },
        rel=1e-12,
    )
    assert set(found) == set(_task().metric_directions) == set(facts(Options()).metrics)
    assert 0.05 < found["accuracy"] < 0.95


def test_metrics_agree_with_the_training_loss() -> None:
    loss, count = _task().loss(tf.constant(TARGETS), tf.constant(LOGITS), tf.ones(30))
    assert _task().evaluate(TARGETS, LOGITS)["loss"] == pytest.approx(float(loss / count), rel=1e-6)


@pytest.mark.parametrize(("positive", "number"), [(None, 1), ("ill", 1), ("well", 0)])
def test_binary_auc_is_that_of_the_positive_class(positive: str | None, number: int) -> None:
    task = _task(("well", "ill"), positive=positive)
    targets, logits = TARGETS % 2, LOGITS[:, :2] + np.array([[0, 4]], np.float32) * (TARGETS % 2)[:, np.newaxis]
    expected = metrics.roc_auc_score(targets == number, softmax(logits)[:, number])
    assert task.evaluate(targets, logits)["auc"] == pytest.approx(expected, rel=1e-12)
    assert expected != 0.5


def test_auc_is_nan_where_a_class_is_absent_and_the_others_are_not() -> None:
    present = TARGETS < 2
    found = _task().evaluate(TARGETS[present], LOGITS[present])
    assert np.isnan(found.pop("auc"))
    assert np.isfinite(list(found.values())).all()
    # The absent class, although it is predicted, is left out of the mean.
    predicted = LOGITS[present].argmax(axis=1)
    assert 2 in predicted
    expected = metrics.f1_score(TARGETS[present], predicted, average="macro", labels=[0, 1], zero_division=0)
    assert found["macro_f1"] == pytest.approx(expected)
    earlier = Classification(Options(), Head(), LabelScheme("one", ("cat", "dog", "owl")), 0, FIRST)
    assert earlier.evaluate(TARGETS[present], LOGITS[present])["macro_f1"] == pytest.approx(expected * 2 / 3)


def test_the_constant_predictor_by_hand() -> None:
    # In training 6 cats, 3 dogs and no owl; in the split 2 cats, a dog and an owl.
    task, labels = _task(), np.array([0] * 6 + [1] * 3)
    outputs = np.tile(task.constant(labels), (4, 1))
    assert softmax(outputs)[0] == pytest.approx([6 / 9, 3 / 9, 0], abs=1e-6)
    found = task.evaluate(np.array([0, 0, 1, 2]), outputs)
    assert found["accuracy"] == 0.5
    # Cats: precision 1/2, recall 1; the others have none.
    assert found["macro_f1"] == pytest.approx(2 / 3 / 3)
    assert found["auc"] == 0.5
    # A class that was never seen has the least probability that is written, one example in a million.
    assert found["loss"] == pytest.approx(-(2 * math.log(6 / 9) + math.log(3 / 9) + math.log(1e-6 / 9)) / 4, rel=1e-5)


def test_large_logits_do_not_overflow() -> None:
    logits = np.array([[1e4, -1e4, 0], [0, 1e4, -1e4], [-1e4, 0, 1e4]], np.float32)
    found = _task().evaluate(np.arange(3), logits)
    assert found == {"loss": 0, "accuracy": 1, "macro_f1": 1, "auc": 1}


def test_unknown_positive_class() -> None:
    with pytest.raises(ConfigError) as caught:
        _task(positive="cow")
    assert str(caught.value) == "task.positive: 'cow' is not a class; the classes are cat, dog, owl"


def test_predictions() -> None:
    columns = _task().predictions(TARGETS, LOGITS)
    assert list(columns) == [
        "label",
        "prediction",
        "probability",
        "probability_cat",
        "probability_dog",
        "probability_owl",
        "loss",
    ]
    names = np.array(["cat", "dog", "owl"])
    assert columns["label"].tolist() == names[TARGETS].tolist()
    assert columns["prediction"].tolist() == names[LOGITS.argmax(axis=1)].tolist()
    probabilities = np.stack([columns[f"probability_{name}"] for name in names], axis=1)
    assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-12)
    assert np.array_equal(columns["probability"], probabilities.max(axis=1))
    assert np.allclose(columns["loss"], -np.log(probabilities[np.arange(30), TARGETS]))
    assert list(_task().predictions(None, LOGITS)) == list(columns)[1:-1]


def test_head_and_finish_make_probabilities() -> None:
    features = keras.Input((4, 4, 5))
    task = _task()
    logits = task.head({"features": features})
    model = keras.Model(features, [logits, task.finish(logits)])
    raw, probabilities = model(RANDOM.normal(size=(2, 4, 4, 5)).astype(np.float32))
    assert raw.shape == (2, 3)
    assert np.allclose(probabilities, softmax(raw.numpy()), atol=1e-6)


def test_a_target_is_the_number_of_the_class() -> None:
    target = _task().target({"label": tf.constant(2, tf.int64)})
    assert (target.shape.rank, target.dtype, int(target)) == (0, tf.int32, 2)


def test_a_positive_class_of_many_has_no_effect() -> None:
    with pytest.raises(ConfigError, match=r"task\.positive has no effect with 3 classes"):
        _task(positive="cat")


def test_chosen_metrics_are_measured_beside_the_others() -> None:
    probabilities, predicted = softmax(LOGITS), LOGITS.argmax(axis=1)
    task = _task(metrics=["kappa", "balanced_accuracy", "log_loss", "average_precision"])
    found = task.evaluate(TARGETS, LOGITS)
    assert list(found) == list(task.metric_directions)
    assert task.metric_directions["log_loss"] == "min"
    assert found["kappa"] == pytest.approx(metrics.cohen_kappa_score(TARGETS, predicted))
    assert found["balanced_accuracy"] == pytest.approx(metrics.balanced_accuracy_score(TARGETS, predicted))
    assert found["log_loss"] == pytest.approx(metrics.log_loss(TARGETS, probabilities))
    expected = metrics.average_precision_score(np.eye(3)[TARGETS], probabilities, average="macro")
    assert found["average_precision"] == pytest.approx(expected)


def test_sensitivity_and_specificity_are_those_of_the_positive_class() -> None:
    targets, outputs = TARGETS % 2, LOGITS[:, :2]
    task = _task(("ill", "well"), metrics=["sensitivity", "specificity"], positive="ill")
    found, right = task.evaluate(targets, outputs), outputs.argmax(axis=1) == targets
    assert found["sensitivity"] == pytest.approx(right[targets == 0].mean())
    assert found["specificity"] == pytest.approx(right[targets == 1].mean())


def test_metrics_that_the_classes_do_not_have_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"task\.metrics\[1\]: sensitivity: .* there are 3"):
        _task(metrics=["kappa", "sensitivity"])


def test_figures_by_class_are_those_of_scikit_learn() -> None:
    found = _task().summarise_classes({"targets": TARGETS, "outputs": LOGITS})
    expected = metrics.precision_recall_fscore_support(TARGETS, LOGITS.argmax(axis=1))
    assert list(found["owl"].values()) == pytest.approx([column[2] for column in expected])


def test_a_temperature_changes_probabilities_and_nothing_else() -> None:
    task, raw = _task(), _task()
    measured = {"targets": TARGETS, "outputs": LOGITS}
    task.set_temperature(2.5)
    wanted = softmax(LOGITS / 2.5)
    inputs = keras.Input((3,))
    assert keras.Model(inputs, task.finish(inputs))(LOGITS).numpy() == pytest.approx(wanted, abs=1e-6)
    cells, own = ([each.cells for each in one.decode(LOGITS, [None] * 30)] for one in (task, raw))
    assert [each["probability_dog"] for each in cells] == pytest.approx(wanted[:, 1])
    assert [each["label"] for each in cells] == [each["label"] for each in own]
    assert task.difference(measured, wanted, TARGETS) == pytest.approx(0, abs=1e-7)
    assert task.summarise(measured) == raw.summarise(measured)
    assert task.shown_thresholds == {}
    for wrong in ({"cat": 1.0, "dog": 1.0, "owl": 1.0}, 0.0, -1.0):
        with pytest.raises(ValueError, match="temperature"):
            task.set_temperature(wrong)


def test_outcomes_of_measured_examples_and_of_rows_agree() -> None:
    task = _task()
    measured = {"targets": TARGETS, "outputs": LOGITS}
    columns = task.prediction_columns(measured)
    rows = [{name: str(values[row]) for name, values in columns.items()} for row in range(30)]
    found, read = task.outcomes(measured), task.read_outcomes(rows)
    assert found.probabilities == pytest.approx(read.probabilities)
    assert (found.targets == read.targets).all()
    assert found.fit_temperature() == pytest.approx(read.fit_temperature(), rel=1e-5)


def test_predictions_have_the_set_of_a_limit() -> None:
    task = _task()
    task.set_limits([0.7])
    p = softmax(LOGITS)
    found = [each.cells["set"] for each in task.decode(LOGITS, [None] * 30)]
    for row, cell in zip(p, found, strict=True):
        inside = sorted((each for each in range(3) if 1 - row[each] <= 0.7), key=lambda each: -row[each])
        assert cell == "|".join(("cat", "dog", "owl")[each] for each in inside)
    assert "set" in task.output_columns
    assert "set" not in task.predictions(TARGETS, LOGITS)
