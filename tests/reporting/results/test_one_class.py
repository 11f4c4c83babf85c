from __future__ import annotations

import random
from itertools import pairwise
from typing import Any

import pandas
import pytest
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from kerastune_ft.reporting import phase_results
from kerastune_ft.reporting.results import one_class
from tests.support import run_files

NAMES = ("a", "b", "c", "d")


@pytest.fixture(scope="module")
def predicted() -> list[dict[str, Any]]:
    return run_files.prediction_rows(NAMES, random.Random(5))


@pytest.fixture(scope="module")
def trained() -> tuple[dict[str, Any], list[dict[str, Any]], dict[str, Any]]:
    plan = run_files.plan_document(phases=3, epochs=4)
    history = run_files.history_rows(plan, random.Random(9))
    return plan, history, run_files.manifest_document(plan, history)


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


def test_most_confused_pairs_come_commonest_first() -> None:
    pairs = {("a", "a"): 7, ("a", "b"): 3, ("b", "a"): 4, ("b", "b"): 4, ("c", "a"): 3}
    found = one_class.find_commonest_mistakes(pairs, most=2)
    assert [(row["label"], row["prediction"], row["count"]) for row in found] == [("b", "a", 4), ("a", "b", 3)]
    assert [row["share"] for row in found] == [0.5, 0.3]


def test_gain_is_the_difference_between_best_epochs(trained: Any) -> None:
    plan, history, manifest = trained
    best = pandas.DataFrame(history).groupby("phase")["validation_auc"].max()
    rows = phase_results.phase_results(plan, manifest, history)
    assert rows[0]["before"] is None and rows[0]["gain"] is None
    for earlier, row in pairwise(rows):
        assert row["before"] == best[earlier["name"]] and row["after"] == best[row["name"]]
        assert row["gain"] == pytest.approx(best[row["name"]] - best[earlier["name"]])
        assert row["improved"] is True
    assert phase_results.earlier_was_better(rows, history) is None


def test_a_phase_that_starts_from_the_last_epoch_is_compared_with_it(trained: Any) -> None:
    plan, history, manifest = trained
    second = {**plan["phases"][1], "start_from": "last"}
    rows = phase_results.phase_results({**plan, "phases": [plan["phases"][0], second]}, manifest, history)
    assert rows[1]["before"] == history[3]["validation_auc"]


def test_an_earlier_phase_that_was_better_is_named(trained: Any) -> None:
    plan, history, _ = trained
    worse = [{**row, "validation_auc": row["validation_auc"] - (row["phase"] == "top_2")} for row in history]
    spoilt = run_files.manifest_document(plan, worse)
    rows = phase_results.phase_results(plan, spoilt, worse)
    assert phase_results.earlier_was_better(rows, worse) == "top_1"
    assert rows[2]["improved"] is False


def test_a_smaller_loss_is_the_better_one(trained: Any) -> None:
    plan, history, _ = trained
    on_loss = {**plan, "phases": [{**phase, "monitor": "validation_loss"} for phase in plan["phases"]]}
    rows = phase_results.phase_results(on_loss, run_files.manifest_document(on_loss, history), history)
    assert rows[1]["gain"] < 0 and rows[1]["improved"] is True


def test_differences_below_six_digits_are_ties(trained: Any) -> None:
    plan, history, _ = trained
    flat = [{**row, "validation_auc": 0.5 + (row["phase"] == "head") * 1e-9} for row in history]
    rows = phase_results.phase_results(plan, run_files.manifest_document(plan, flat), flat)
    assert phase_results.earlier_was_better(rows, flat) is None


def test_a_phase_not_begun_is_pending(trained: Any) -> None:
    plan, history, manifest = trained
    begun = {**manifest, "phases": manifest["phases"][:1]}
    rows = phase_results.phase_results(plan, begun, [row for row in history if row["phase"] == "head"])
    assert [row["state"] for row in rows] == ["done", "pending", "pending"]
    assert rows[1]["after"] is None and rows[1]["epochs"] == 0


def test_the_strip_marks_exactly_what_the_plan_trains(trained: Any) -> None:
    plan, _, manifest = trained
    for strip, phase in zip(phase_results.unit_strips(plan, manifest), plan["phases"], strict=True):
        assert {cell["unit"] for cell in strip["cells"] if cell["trains"]} == set(phase["trains"])
        assert strip["cells"][-1]["unit"] == "head"
