from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn import metrics

from kerastune_ft.config.options.heads import Head
from kerastune_ft.config.options.tasks import ImageRegression as Options
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.input.decode import Geometry
from kerastune_ft.tasks.regression import Regression

MEAN, DEVIATION = (100.0, -3.0), (20.0, 0.5)
RANDOM = np.random.default_rng(0)
OUTPUTS = RANDOM.normal(size=(30, 2)).astype(np.float32)
LABELS = np.round(RANDOM.normal(size=(30, 2)) * DEVIATION + MEAN, 3)
STANDARDISED = ((LABELS - MEAN) / DEVIATION).astype(np.float32)


def _task(names: tuple[str, ...] = ("age", "dose")) -> Regression:
    size = len(names)
    return Regression(
        Options(kind="image_regression"), Head(), LabelScheme("values", names, MEAN[:size], DEVIATION[:size]), 0
    )


def test_loss_is_the_squared_error_of_standardised_values_over_real_examples() -> None:
    weights = np.ones(30, np.float32)
    weights[20:] = 0
    loss, count = _task().loss(tf.constant(STANDARDISED), tf.constant(OUTPUTS), tf.constant(weights))
    assert count == 20
    assert float(loss) == pytest.approx(np.square(OUTPUTS - STANDARDISED)[:20].mean(axis=1).sum(), rel=1e-5)


def test_targets_are_standardised_with_all_their_digits(tmp_path: Path) -> None:
    days = LabelScheme("values", ("day",), (20260101.5,), (2.0,))
    task = Regression(Options(kind="image_regression"), Head(), days, 0)
    example = {"label": tf.constant([20260102.5], tf.float64)}
    assert float(task.target(example, Geometry(8, 8))[0]) == 0.5
    assert task.predictions(np.array([[0.5]], np.float32), np.zeros((1, 1), np.float32))["label"][0] == 20260102.5
    outputs = keras.Input((1,))
    finished = keras.Model(outputs, task.finish(outputs))
    finished.save(tmp_path / "days.keras")
    reopened = keras.models.load_model(tmp_path / "days.keras")
    assert float(reopened(np.array([[0.5]], np.float32))[0, 0]) == 20260102.5


def test_metrics_have_the_users_units_and_are_those_of_scikit_learn() -> None:
    values = OUTPUTS * np.asarray(DEVIATION) + MEAN
    found = _task().evaluate(STANDARDISED, OUTPUTS)
    assert found["mae"] == pytest.approx(metrics.mean_absolute_error(LABELS, values), rel=1e-6)
    assert found["rmse"] == pytest.approx(metrics.root_mean_squared_error(LABELS, values), rel=1e-6)
    assert found["r2"] == pytest.approx(metrics.r2_score(LABELS, values), rel=1e-6)
    assert found["mae_dose"] == pytest.approx(metrics.mean_absolute_error(LABELS[:, 1], values[:, 1]), rel=1e-5)
    assert found["r2_age"] == pytest.approx(metrics.r2_score(LABELS[:, 0], values[:, 0]), rel=1e-5)
    assert set(found) == set(_task().metric_directions)
    sums = _task().training_sums(tf.constant(STANDARDISED), tf.constant(OUTPUTS), tf.ones([30]))
    assert float(sums["mae"]) / 30 == pytest.approx(found["mae"], rel=1e-5)
    assert np.isnan(_task().evaluate(STANDARDISED[:1], OUTPUTS[:1])["r2"])
    assert set(_task(("age",)).metric_directions) == {"loss", "mae", "rmse", "r2"}


def test_what_is_saved_answers_in_the_users_units() -> None:
    outputs = keras.Input((2,))
    finished = keras.Model(outputs, _task().finish(outputs))
    assert np.asarray(finished(OUTPUTS)) == pytest.approx(_task().values(OUTPUTS), rel=1e-5)
    reopened = keras.Model.from_config(finished.get_config())
    assert np.asarray(reopened(OUTPUTS)) == pytest.approx(np.asarray(finished(OUTPUTS)))


def test_the_head_begins_at_the_mean() -> None:
    features = keras.Input((2, 2, 3))
    model = keras.Model(features, _task().head({"features": features}))
    assert (np.asarray(model(np.ones((1, 2, 2, 3), np.float32))) == 0).all()


def test_columns_of_predictions_for_one_target_and_for_several() -> None:
    one = _task(("age",)).predictions(STANDARDISED[:, :1], OUTPUTS[:, :1])
    assert list(one) == ["label", "value", "loss"]
    # As the table had them, without the digits that float32 adds.
    assert one["label"].tolist() == LABELS[:, 0].tolist()
    assert list(_task().predictions(None, OUTPUTS)) == ["value_age", "value_dose"]


def test_the_constant_predictor_has_no_r2() -> None:
    task = _task()
    outputs = np.tile(task.constant(LABELS), (30, 1))
    assert task.values(outputs)[0] == pytest.approx(LABELS.mean(axis=0), rel=1e-5)
    assert task.evaluate(STANDARDISED, outputs)["r2"] == pytest.approx(0.0, abs=1e-6)


def test_correlations_are_measured_where_they_are_chosen() -> None:
    scheme = LabelScheme("values", ("age", "dose"), MEAN, DEVIATION)
    task = Regression(Options(kind="image_regression", metrics=["pearson"]), Head(), scheme, 0)
    found = task.evaluate(STANDARDISED, OUTPUTS)
    assert set(found) == set(task.metric_directions)
    expected = [np.corrcoef(LABELS[:, number], OUTPUTS[:, number])[0, 1] for number in (0, 1)]
    assert [found["pearson_age"], found["pearson_dose"]] == pytest.approx(expected, rel=1e-5)
    assert found["pearson"] == pytest.approx(np.mean(expected), rel=1e-5)


def test_predictions_have_the_interval_of_limits() -> None:
    one = Regression(Options(kind="image_regression"), Head(), LabelScheme("values", ("x",), (2.0,), (3.0,)), 0)
    one.set_limits([0.5])
    outputs = np.array([[0.0], [1.0]], np.float32)
    cells = [each.cells for each in one.decode(outputs, [None] * 2)]
    assert [(each["low"], each["value"], each["high"]) for each in cells] == [(1.5, 2.0, 2.5), (4.5, 5.0, 5.5)]
    two = LabelScheme("values", ("x", "y"), (0.0, 0.0), (1.0, 1.0))
    task = Regression(Options(kind="image_regression"), Head(), two, 0)
    task.set_limits([1.0, 2.0])
    assert task.output_columns == ("value_x", "value_y", "low_x", "high_x", "low_y", "high_y")
