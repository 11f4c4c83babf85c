from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.config.options.heads import Head
from kerastune_ft.config.options.tasks import ImageClassification
from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.errors import PromiseError
from kerastune_ft.input.decode import Geometry
from kerastune_ft.metrics.nearest_example import fit_distance
from kerastune_ft.rundir import RunDirectory
from kerastune_ft.saved_model.base import ServingSettings
from kerastune_ft.saved_model.head_features import find_head_features, with_head_features
from kerastune_ft.saved_model.images import ImageServing
from kerastune_ft.saved_model.unknown import FIT, UnknownAnswers, read_unknown, write_model
from kerastune_ft.tasks.classification import Classification


@pytest.fixture(scope="module")
def serving() -> ImageServing:
    keras.utils.set_random_seed(0)
    task = Classification(ImageClassification(), Head(dropout=0.5, hidden=(5,)), LabelScheme("one", ("a", "b")), 0)
    images = keras.Input((6, 8, 3))
    features = keras.layers.Conv2D(4, 3, name="body")(keras.layers.Rescaling(1 / 255)(images))
    model = keras.Model(images, task.head({"features": features}), name="small")
    return ImageServing(model, task, ServingSettings("small", "nothing"), Geometry(6, 8, "stretch"))


def make_images(count: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(0, 255, (count, 6, 8, 3)).round().astype(np.float32)


@pytest.fixture(scope="module")
def answers(serving: ImageServing) -> UnknownAnswers:
    images = make_images(40)
    features = keras.Model(serving.trained.input, find_head_features(serving.trained))(images)
    distance = fit_distance(np.asarray(features)[:30], np.arange(30) % 2, 0)
    return UnknownAnswers.of(distance, 2.5, 0.9)


def test_features_are_those_that_enter_the_head(serving: ImageServing) -> None:
    images = make_images(3)
    body = keras.Model(serving.trained.input, serving.trained.get_layer("body").output)(images)
    both = np.asarray(with_head_features(serving.trained)(images))
    np.testing.assert_allclose(both[:, 2:], np.asarray(body).mean(axis=(1, 2)), atol=1e-6)
    np.testing.assert_allclose(both[:, :2], np.asarray(serving.trained(images)), atol=1e-6)


def test_features_may_be_the_input_itself() -> None:
    given = keras.Input((4,))
    tail = keras.Model(given, keras.layers.Dense(2)(keras.layers.Dropout(0.1, name="head_dropout")(given)))
    np.testing.assert_array_equal(keras.Model(tail.input, find_head_features(tail))(np.ones((2, 4))), np.ones((2, 4)))


def test_the_file_of_the_fit_gives_the_same_answers(answers: UnknownAnswers, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / FIT).write_bytes(answers.to_bytes())
    again = read_unknown(RunDirectory(tmp_path))
    assert again is not None
    features = np.random.default_rng(3).normal(size=(5, 4)).astype(np.float32)
    wanted, found = answers.measure(features), again.measure(features)
    np.testing.assert_allclose(found, wanted, rtol=1e-9)
    assert (again.threshold, again.let_through) == (2.5, 0.9)
    assert again.columns(np.array([2.5, 2.6]))["unknown"].tolist() == [False, True]
    assert answers.to_bytes() == again.to_bytes()


def test_a_run_without_it_has_none(tmp_path: Path) -> None:
    assert read_unknown(RunDirectory(tmp_path)) is None


def measure(serving: ImageServing, answers: UnknownAnswers, images: np.ndarray) -> np.ndarray:
    features = keras.Model(serving.trained.input, find_head_features(serving.trained))(images)
    return answers.measure(np.asarray(features))


def test_the_saved_model_gives_distances_and_the_usual_probabilities(
    serving: ImageServing, answers: UnknownAnswers, tmp_path: Path
) -> None:
    images = make_images(4)
    wanted = measure(serving, answers, images)
    samples: list[Any] = [tf.constant(image) for image in images]
    content = write_model(serving, answers, samples, wanted, list("abcd"))
    (tmp_path / "unknown.keras").write_bytes(content)
    found = keras.models.load_model(tmp_path / "unknown.keras")(images)
    assert sorted(found) == ["distance", "probabilities"]
    np.testing.assert_allclose(np.asarray(found["distance"]), wanted, atol=1e-3)
    np.testing.assert_allclose(found["probabilities"], serving.model()(images), atol=1e-6)


def test_a_model_that_measures_otherwise_is_not_written(serving: ImageServing, answers: UnknownAnswers) -> None:
    images = make_images(2)
    wrong = measure(serving, answers, images) + 0.1
    with pytest.raises(PromiseError, match=r"unknown.keras gives another distance than was measured \(.* on a\)"):
        write_model(serving, answers, [tf.constant(image) for image in images], wrong, ["a", "b"])
