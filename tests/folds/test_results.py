"""What a cross-validation writes: predictions by models that never saw the example, and figures of them."""

from __future__ import annotations

import csv
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, log_loss, roc_auc_score

from kerastune_ft.api.folds import CrossValidation
from kerastune_ft.folds.results import describe_member


def read_rows(path: Any) -> list[dict[str, str]]:
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_every_example_is_predicted_once_by_a_model_that_did_not_train_on_it(crossvalidated: CrossValidation) -> None:
    rows = read_rows(crossvalidated.path / "out_of_fold.csv")
    assert len({row["input"] for row in rows}) == len(rows) == 60
    for row in rows:
        own = read_rows(crossvalidated.path / f"folds/seed_{row['seed']}_fold_{row['fold']}/splits.csv")
        assert next(each["split"] for each in own if each["input"] == row["input"]) == "validation"


def test_figures_are_those_of_the_rows(crossvalidated: CrossValidation, results: dict[str, Any]) -> None:
    rows = read_rows(crossvalidated.path / "out_of_fold.csv")
    for member in results["members"]:
        own = [row for row in rows if int(row["fold"]) == member["fold"]]
        losses = [-np.log(float(row[f"probability_{row['label']}"])) for row in own]
        assert member["metrics"]["loss"] == pytest.approx(np.mean(losses), rel=1e-4)
        assert member["validated"] == len(own)
        assert member["metrics"]["accuracy"] == np.mean([row["label"] == row["prediction"] for row in own])
    means = [each["metrics"]["accuracy"] for each in results["members"]]
    assert results["metrics"]["accuracy"]["mean"] == pytest.approx(np.mean(means))
    together = results["out_of_fold"]["metrics"]["accuracy"]
    assert together == pytest.approx(np.mean([row["label"] == row["prediction"] for row in rows]))
    assert crossvalidated.metrics["out_of_fold"]["accuracy"] == together
    assert results["out_of_fold"]["intervals"]["accuracy"][0] < together
    assert len(crossvalidated.out_of_fold) == 60 and len(crossvalidated.folds) == 2


def test_figures_out_of_fold_are_those_of_scikit_learn(crossvalidated: CrossValidation) -> None:
    table, found = crossvalidated.out_of_fold, crossvalidated.metrics["out_of_fold"]
    labels, chosen = table["label"].astype(str), table["prediction"].astype(str)
    probabilities = table[["probability_0", "probability_1"]].to_numpy()
    assert found["accuracy"] == pytest.approx(accuracy_score(labels, chosen))
    assert found["macro_f1"] == pytest.approx(f1_score(labels, chosen, average="macro"))
    assert found["loss"] == pytest.approx(log_loss(labels, probabilities), rel=1e-4)
    assert found["auc"] == pytest.approx(roc_auc_score(labels, probabilities[:, 1]))


def test_a_member_in_one_line() -> None:
    task: Any = SimpleNamespace(metric_directions={"loss": "min", "macro_f1": "max"})
    member = {"metrics": {"loss": 0.25, "macro_f1": None}, "validated": 9, "seconds": 1.26}
    assert describe_member("fold 1 of 2", member, task) == "fold 1 of 2: loss 0.25 on 9 examples, 1.3 s in epochs"
