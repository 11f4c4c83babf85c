from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from kerastune_ft.metrics.class_figures import score_one_class, score_several_classes

RANDOM = np.random.default_rng(8)


def test_figures_of_one_class_are_those_of_scikit_learn() -> None:
    targets, predicted = RANDOM.integers(0, 3, 40), RANDOM.integers(0, 3, 40)
    found = score_one_class(targets, predicted, ["a", "b", "c"])
    expected = metrics.precision_recall_fscore_support(targets, predicted)
    for place, figures in enumerate(found.values()):
        assert list(figures) == ["precision", "recall", "f1", "examples"]
        assert list(figures.values()) == pytest.approx([column[place] for column in expected])


def test_figures_of_several_classes_are_those_of_scikit_learn() -> None:
    wanted, predicted = RANDOM.random((40, 3)) < 0.4, RANDOM.random((40, 3)) < 0.5
    found = score_several_classes(wanted, predicted, ["a", "b", "c"])
    expected = metrics.precision_recall_fscore_support(wanted, predicted)
    for place, figures in enumerate(found.values()):
        assert list(figures.values()) == pytest.approx([column[place] for column in expected])


def test_what_a_class_has_nothing_for_is_undefined() -> None:
    # b is only predicted, c only given, d neither.
    found = score_one_class(np.array([0, 2, 0]), np.array([0, 1, 1]), ["a", "b", "c", "d"])
    assert found["a"] == pytest.approx({"precision": 1, "recall": 0.5, "f1": 2 / 3, "examples": 2})
    nan = float("nan")
    assert found["b"] == pytest.approx({"precision": 0, "recall": nan, "f1": 0, "examples": 0}, nan_ok=True)
    assert found["c"] == pytest.approx({"precision": nan, "recall": 0, "f1": 0, "examples": 1}, nan_ok=True)
    expected = {"precision": nan, "recall": nan, "f1": nan, "examples": 0}
    assert found["d"] == pytest.approx(expected, nan_ok=True)
