from __future__ import annotations

import numpy as np
import tensorflow as tf

from kerastune_ft.data.images.reading import ImageReading
from kerastune_ft.exporting.graphs.images import ImageGraphs
from tests.support.tiny_servings import classes_task, labels_task, make_serving, photo, values_task


def test_endpoints_answer_as_the_saved_model_does() -> None:
    serving = make_serving(classes_task())
    any_size, fitted = ImageGraphs(serving).portable()
    image = photo(19, 25)[np.newaxis]
    wanted = np.asarray(serving.model()(image))
    assert np.abs(any_size.trace()(tf.constant(image))["probabilities"] - wanted).max() < 1e-3
    own = photo(6, 8)[np.newaxis]
    answered = fitted.trace()(tf.constant(own, tf.float32))["probabilities"]
    assert np.abs(answered - np.asarray(serving.model()(own))).max() < 1e-6


def test_a_range_of_values_is_mapped_inside() -> None:
    graphs = ImageGraphs(make_serving(classes_task(), reading=ImageReading((0.0, 4095.0))))
    any_size, _ = graphs.portable()
    assert any_size.inputs["image"].dtype == tf.float32
    image = photo(9, 9)[np.newaxis]
    plain, _ = ImageGraphs(make_serving(classes_task())).portable()
    found = any_size.trace()(tf.constant(image * np.float32(4095 / 255)))["probabilities"]
    assert np.abs(found - plain.trace()(tf.constant(image))["probabilities"]).max() < 1e-3
    assert graphs.preprocessing()["image"]["intensity"] == [0.0, 4095.0]


def test_preprocessing_says_what_answers_are_made_by() -> None:
    answers = {
        name: ImageGraphs(make_serving(task())).preprocessing()["answers"]
        for name, task in (("classes", classes_task), ("labels", labels_task), ("values", values_task))
    }
    usual = {"are_numbers": False, "thresholds": None, "outputs": ["probabilities"], "unknown": None}
    assert answers == {
        "classes": usual,
        "labels": {**usual, "thresholds": [0.4, 0.45, 0.6]},
        "values": {**usual, "are_numbers": True, "outputs": ["values"]},
    }


def test_the_output_is_named_after_what_it_is() -> None:
    _, fitted = ImageGraphs(make_serving(values_task())).portable()
    assert list(fitted.trace()(tf.zeros((2, 6, 8, 3)))) == ["values"]
