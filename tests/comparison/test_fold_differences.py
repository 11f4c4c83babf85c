"""Cross-validations side by side: example by example out of fold, and fold by fold where the folds are the same."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from kerastune_ft.comparison.compare import compare_runs
from kerastune_ft.comparison.fold_differences import compare_folds
from kerastune_ft.comparison.runs import open_runs
from tests.support.compared_runs import read_rows, write_folds, write_model


def test_answers_out_of_fold_are_compared_example_by_example(tmp_path: Path) -> None:
    paths = [write_folds(tmp_path / "a", 1), write_folds(tmp_path / "b", 2)]
    found = compare_runs(paths)
    assert list(found["differences"][str(paths[1])]) == ["test", "out_of_fold"]
    own = found["differences"][str(paths[1])]["out_of_fold"]
    right = np.array([[row["label"] == row["prediction"] for row in read_rows(path, "out_of_fold")] for path in paths])
    assert own["examples"] == right.shape[1] and own["same_data"]
    assert own["metrics"]["accuracy"]["difference"] == pytest.approx(right[1].mean() - right[0].mean())
    assert own["mcnemar"]["only_first"] == int((right[0] & ~right[1]).sum())
    # The paired bootstrap by hand, with draws of its own: its ends are as near as a thousand draws bring them.
    drawn = np.random.default_rng(0).integers(0, right.shape[1], (4000, right.shape[1]))
    ends = np.quantile(right[1][drawn].mean(1) - right[0][drawn].mean(1), (0.025, 0.975))
    assert own["metrics"]["accuracy"]["interval"] == pytest.approx(ends, abs=0.05)
    assert any("models that were not trained on the example" in note for note in found["notes"])


def test_folds_are_compared_where_they_are_the_same(tmp_path: Path) -> None:
    paths = [write_folds(tmp_path / "a", 1), write_folds(tmp_path / "b", 3), write_folds(tmp_path / "c", 4)]
    first, *others = open_runs(paths)
    found = compare_folds(first, others)
    own = found[str(paths[1])]
    # Differences of 0, 2 and 4; s² (1 / 3 + 10 / 20) is 4 / 1.2, and t with 2 degrees of freedom 4.302653.
    half = 4.302652730 * (4 * (1 / 3 + 10 / 20)) ** 0.5
    assert own["folds"] == 3 and list(own["metrics"]) == ["loss"], "AUC is not defined in the folds"
    loss = own["metrics"]["loss"]
    assert loss["difference"] == pytest.approx(2) and loss["interval"] == pytest.approx([2 - half, 2 + half])
    x = 2 / (4 * (1 / 3 + 10 / 20)) ** 0.5
    assert loss["p"] == pytest.approx(1 - x / (2 + x * x) ** 0.5)
    assert found[str(paths[2])]["metrics"]["loss"]["p"] == pytest.approx(loss["p"]), "t is the same, whatever the scale"
    assert loss["p_adjusted"] == pytest.approx(2 * loss["p"])


def test_other_folds_and_runs_without_any_are_left_out(tmp_path: Path) -> None:
    paths = [
        write_folds(tmp_path / "a", 1),
        write_folds(tmp_path / "b", 3, seed_of_folds=1),
        write_model(tmp_path / "c", 2),
    ]
    found = compare_runs(paths)
    assert found["folds"] == {}
    assert list(found["differences"][str(paths[2])]) == ["test"]
    assert {row["key"] for row in found["config"]} >= {"folds"}, "the number of folds is a setting"


def test_a_split_that_only_one_of_them_has_is_said(tmp_path: Path) -> None:
    whole, other = write_folds(tmp_path / "a", 1), write_model(tmp_path / "b", 2)
    for path, name in ((whole, "test"), (other, "test")):
        table = path / "evaluation/predictions.csv"
        with table.open(newline="") as file:
            rows = [row for row in csv.reader(file) if row[0] != name]
        table.write_text("\n".join(map(",".join, rows)) + "\n")
        metrics = (path / "metrics.json").read_text().replace('"test"', '"other"')
        (path / "metrics.json").write_text(metrics)
    found = compare_runs([whole, other])
    assert any("no split that both have" in note for note in found["notes"]), found["notes"]
