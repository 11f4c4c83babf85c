from __future__ import annotations

from typing import Any

from kerastune_ft.reporting.fold_lines import list_folds, list_means, list_times, name_columns, write_fold
from kerastune_ft.reporting.quantities import ABSENT

DOCUMENT: dict[str, Any] = {
    "members": [
        {"seed": 0, "fold": number, "trained": 4000, "validated": 1000, "seconds": 12.5, "best_epochs": {"head": 3},
         "metrics": {"loss": 0.25, "accuracy": 0.9 + number / 100, "macro_f1": 0.9, "auc": None}}
        for number in range(2)
    ],
    "metrics": {
        "accuracy": {"mean": 0.905, "deviation": 0.007, "low": 0.8, "high": 1.0},
        "auc": {"mean": None, "deviation": None, "low": None, "high": None},
    },
    "out_of_fold": {"metrics": {"accuracy": 0.91}},
}  # fmt: skip


def test_a_row_per_member() -> None:
    first, second = list_folds(DOCUMENT)
    assert name_columns([first]) == ["loss", "accuracy", "macro_f1", "auc"]
    assert (second["fold"], second["accuracy"]) == (1, 0.91)
    assert write_fold(second)["AUC"] == ABSENT
    assert list_times(DOCUMENT)[1] == {"name": "seed 0 fold 1", "seconds": 12.5}


def test_means_with_what_is_not_known_as_a_dash() -> None:
    accuracy, auc = list_means(DOCUMENT)
    assert accuracy == {
        "metric": "accuracy", "mean": "0.9050", "deviation": "0.007", "95 %": "0.8000 to 1.0000",
        "out of fold": "0.9100",
    }  # fmt: skip
    assert auc["95 %"] == auc["mean"] == ABSENT
    assert list_folds({}) == [] and name_columns([]) == [] and list_means({}) == []
