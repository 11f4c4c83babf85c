from __future__ import annotations

import numpy as np

from kerastune_ft.metrics.nearest_example import NearestExample
from kerastune_ft.saved_model.unknown import UnknownAnswers
from kerastune_ft.training.evaluation.unknown import FoundUnknown, choose_training_examples
from kerastune_ft.training.plan.unknown import MOST_FITTED


def test_all_examples_are_fitted_to_unless_they_are_too_many() -> None:
    assert choose_training_examples(range(3, 9), 0).tolist() == [3, 4, 5, 6, 7, 8]
    many = choose_training_examples(np.arange(2 * MOST_FITTED), 1)
    assert (len(many), len(set(many.tolist()))) == (MOST_FITTED, MOST_FITTED)
    assert (np.diff(many) > 0).all()
    np.testing.assert_array_equal(many, choose_training_examples(np.arange(2 * MOST_FITTED), 1))
    assert (many != choose_training_examples(np.arange(2 * MOST_FITTED), 2)).any()


def test_the_counts_are_those_beyond_the_threshold() -> None:
    distance = NearestExample.of(np.ones((1, 1)))
    distances = {"validation": np.array([1.0, 2.0, 3.0]), "test": np.array([2.5, 2.0])}
    found = FoundUnknown(UnknownAnswers.of(distance, 2.0, 0.6), distances, 7)
    document = found.to_json()
    assert document["splits"] == {
        "validation": {"examples": 3, "unknown": 1}, "test": {"examples": 2, "unknown": 1},
    }  # fmt: skip
    assert (document["fitted_to"], document["threshold"], document["let_through"]) == (7, 2.0, 0.6)
    assert found.columns("test")["unknown"].tolist() == [True, False]
