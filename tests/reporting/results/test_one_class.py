from __future__ import annotations

import random
from typing import Any

import pytest
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from kerastune_ft.reporting.results import one_class
from kerastune_ft.reporting.results.base import sort_worst_first
from tests.support import run_files

NAMES = ("a", "b", "c", "d")


@pytest.fixture(scope="module")
def predicted() -> list[dict[str, Any]]:
    return run_files.prediction_rows(NAMES, random.Random(5))


def test_per_class_figures_equal_those_of_scikit_learn(predicted: list[dict[str, Any]]) -> None:
    test = [row for row in predicted if row["split"] == "test"]
    truth, answers = [row["label"] for row in test], [row["prediction"] for row in test]
    expected = precision_recall_fscore_support(truth, answers, labels=list(NAMES))
    rows = one_class.score_classes(one_class.count_confusions(predicted, "test"), NAMES)
    for place, column in enumerate(("precision", "recall", "f1", "support")):
        assert [row[column] for row in rows] == pytest.approx(list(expected[place]))


def test_the_matrix_equals_that_of_scikit_learn(predicted: list[dict[str, Any]]) -> None:
    test = [row for row in predicted if row["split"] == "test"]
    expected = confusion_matrix([row["label"] for row in test], [row["prediction"] for row in test], labels=list(NAMES))
    assert one_class.build_matrix(one_class.count_confusions(predicted, "test"), NAMES)["counts"] == expected.tolist()


def test_a_capped_matrix_counts_every_example_once() -> None:
    pairs = {("a", "a"): 5, ("a", "b"): 3, ("b", "c"): 1, ("c", "c"): 4, ("d", "d"): 9, ("e", "d"): 1}
    found = one_class.build_matrix(pairs, list("abcde"), most=3)
    assert found["classes"] == ["a", "b", one_class.OTHERS]
    assert found["counts"] == [[5, 3, 0], [0, 0, 1], [0, 0, 14]]
    assert found["of"] == 5


def test_a_class_without_examples_or_predictions_has_no_figures() -> None:
    rows = one_class.score_classes({("a", "a"): 1, ("b", "a"): 1}, ["a", "b", "c"])
    assert rows[1] == {"class": "b", "precision": None, "recall": 0.0, "f1": 0.0, "support": 1}
    assert rows[2] == {"class": "c", "precision": None, "recall": None, "f1": None, "support": 0}


def test_classes_with_the_lowest_f1_come_first_and_last_those_without_examples() -> None:
    pairs = {("a", "a"): 3, ("a", "b"): 1, ("a", "x"): 1, ("b", "b"): 1}
    rows = sort_worst_first(one_class.score_classes(pairs, ["a", "b", "x", "y"]), "f1")
    assert [(row["class"], row["support"]) for row in rows] == [("b", 1), ("a", 5), ("x", 0), ("y", 0)]


def test_most_confused_pairs_come_commonest_first() -> None:
    pairs = {("a", "a"): 7, ("a", "b"): 3, ("b", "a"): 4, ("b", "b"): 4, ("c", "a"): 3}
    found = one_class.find_commonest_mistakes(pairs, most=2)
    assert [(row["label"], row["prediction"], row["count"]) for row in found] == [("b", "a", 4), ("a", "b", 3)]
    assert [row["share"] for row in found] == [0.5, 0.3]
