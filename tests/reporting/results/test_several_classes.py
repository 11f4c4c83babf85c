from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import metrics

from kerastune_ft.reporting.page import document
from kerastune_ft.reporting.results import several_classes
from tests.support import label_run_files as files
from tests.support import run_files


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    run = tmp_path_factory.mktemp("runs") / "cells-1"
    return run, files.of_test(files.write_multi_label(run))


@pytest.fixture(scope="module")
def page(made: tuple[Path, list[dict[str, Any]]]) -> str:
    return document.render(made[0])


def flags(rows: list[dict[str, Any]], column: str, name: str) -> np.ndarray:
    return np.array([name in row[column].split("|") for row in rows])


def test_figures_by_class_equal_those_of_scikit_learn(made: tuple[Path, list[dict[str, Any]]]) -> None:
    run, rows = made
    found = {row["class"]: row for row in document.summarise(run)["classes"]}
    assert list(found) == list(files.CELLS)
    for name, row in found.items():
        has, said = flags(rows, "label", name), flags(rows, "prediction", name)
        scores = [line[f"probability_{name}"] for line in rows]
        assert row["average_precision"] == pytest.approx(metrics.average_precision_score(has, scores))
        assert row["auc"] == pytest.approx(metrics.roc_auc_score(has, scores))
        assert row["precision"] == pytest.approx(metrics.precision_score(has, said))
        assert row["recall"] == pytest.approx(metrics.recall_score(has, said))
        assert row["f1"] == pytest.approx(metrics.f1_score(has, said))
        ((_, alarms), (missed, _)) = metrics.confusion_matrix(has, said)
        assert (row["missed"], row["false_alarms"], row["support"]) == (missed, alarms, has.sum())
        assert row["threshold"] == files.THRESHOLDS[name]


def test_labels_together_are_counted_as_labelled_and_as_predicted(made: tuple[Path, list[dict[str, Any]]]) -> None:
    rows = made[1]
    texts = [{key: str(value) for key, value in row.items()} for row in rows]
    found = several_classes.count_pairs(several_classes.read_label_sets(texts, "test", files.CELLS), files.CELLS)
    for line, first in zip(found["rows"], files.CELLS, strict=True):
        for cell, second in zip(line["cells"], files.CELLS, strict=True):
            for key, column in (("labelled", "label"), ("predicted", "prediction")):
                assert cell[key] == (flags(rows, column, first) & flags(rows, column, second)).sum()


def test_a_class_that_nobody_has_or_everybody_has_shows_no_figure_that_is_not_there() -> None:
    examples = [several_classes.LabelSets(frozenset("a"), frozenset(), (0.2, 0.1)) for _ in range(3)]
    everybody, nobody = several_classes.score_classes(examples, ["a", "b"], {})
    assert (everybody["average_precision"], everybody["auc"], everybody["recall"]) == (1.0, None, 0.0)
    assert (nobody["average_precision"], nobody["auc"], nobody["recall"], nobody["threshold"]) == (None,) * 4


def test_of_many_classes_the_commonest_stand_together() -> None:
    names = [f"c{number}" for number in range(40)]
    examples = [several_classes.LabelSets(frozenset(names[: 1 + n]), frozenset(), ()) for n in range(40)]
    found = several_classes.count_pairs(examples, names)
    assert found["classes"] == names[:16] and found["of"] == 40


def test_the_page_shows_classes_labels_together_and_both_label_sets(
    made: tuple[Path, list[dict[str, Any]]], page: str
) -> None:
    assert "Which labels occur together" in page and "Confusion matrix" not in page
    assert "image classification with several labels" in page
    for row in document.summarise(made[0])["classes"]:
        assert f"{row['average_precision']:.4f}" in page and f"{row['threshold']:g}</td>" in page
    mistakes = json.loads((made[0] / "evaluation/mistakes.json").read_text())
    assert {len(mistake["label"].split("|")) for mistake in mistakes} > {1}
    for mistake in mistakes:
        label, answer = (mistake[key].replace("|", ", ") or "no label" for key in ("label", "prediction"))
        assert re.search(rf"<b>{label}</b><br>predicted <b class=\"down\">{answer}</b>", page), mistake


def test_examples_without_a_label_have_a_row_of_their_own(made: tuple[Path, list[dict[str, Any]]], page: str) -> None:
    without = sum(not row["label"] for row in made[1])
    assert without
    assert re.search(rf'>no label</th>.*?<td class="number">{without}</td></tr>', page)
    assert re.search(r'>examples</th><td class="number">200</td>', page)


def test_without_examples_nothing_of_a_patient_is_on_the_page(tmp_path: Path) -> None:
    run = tmp_path / "r"
    files.write_multi_label(run, examples=False)
    plan = json.loads((run / "plan.json").read_text())
    plan["data"]["notes"].append("splits: 2 groups are in more than one split (P-0001, P-0002), so the metrics flatter")
    run_files.write_json(run / "plan.json", plan)
    told = document.render(run) + json.dumps(document.summarise(run))
    assert "Which labels occur together" in told and "2 groups are in more than one split" in told
    for private in ("slides", ".png", "P-0", "<img", "ward"):
        assert private not in told, private


@pytest.mark.parametrize("name", ["plan.json", "model/thresholds.json", "evaluation/predictions.csv", "splits.csv"])
def test_a_missing_file_leaves_the_rest_of_the_page(tmp_path: Path, name: str) -> None:
    run = tmp_path / "r"
    files.write_multi_label(run)
    (run / name).unlink()
    assert "<h1>xray</h1>" in document.render(run)
