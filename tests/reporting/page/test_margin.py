from __future__ import annotations

import json
from pathlib import Path

import pytest

from kerastune_ft.reporting.page import document, margin
from kerastune_ft.reporting.results.pages import PAGES
from tests.support import run_files

CHANCE = {"loss": 1.1, "accuracy": 0.5, "macro_f1": 0.3, "auc": 0.5}


def compare(kind: str, measured: dict[str, float | None], constant: dict[str, float]) -> dict[str, str]:
    found = margin.describe_margin(margin.list_margins(measured, constant), PAGES[kind].headlines)
    assert found
    return found


def test_a_model_that_is_better_in_everything_says_so_with_both_values() -> None:
    found = compare("one", {"loss": 0.4, "accuracy": 0.9, "macro_f1": 0.8, "auc": 0.95}, CHANCE)
    assert found == {
        "verdict": "better",
        "text": "On test the model is better than the best predictor that never looks at its input: "
        "accuracy 0.9000 against 0.5000 (+0.4000).",
    }


def test_what_is_not_better_is_named() -> None:
    found = compare("one", {"loss": 1.3, "accuracy": 0.45, "macro_f1": 0.4, "auc": 0.7}, CHANCE)
    assert found["verdict"] == "mixed"
    assert "macro F1 0.4000 against 0.3000 (+0.1000). But not by loss 1.3000 against 1.1000, 18 % more" in found["text"]


def test_a_model_that_learnt_nothing_is_told() -> None:
    found = compare("one", {"loss": 1.1, "accuracy": 0.5, "macro_f1": 0.3, "auc": 0.5}, CHANCE)
    assert found["verdict"] == "no better" and "It has learnt nothing that holds there." in found["text"]


def test_a_model_that_learnt_one_of_several_targets_is_told_which() -> None:
    measured = {"mae": 0.9, "rmse": 1.0, "r2": -0.4, "mae_red": 1.0, "mae_white": 0.8}
    constant = {"mae": 0.8, "rmse": 0.9, "r2": 0.0, "mae_red": 0.7, "mae_white": 1.0}
    found = compare("values", measured, constant)
    assert found["verdict"] == "no better"
    assert found["text"].endswith("It is better only by MAE white 0.8000 against 1.0000, 20 % less.")


def test_of_errors_the_smaller_is_better_and_its_share_is_told() -> None:
    found = compare("values", {"mae": 3.0, "rmse": 5.0, "r2": -0.2}, {"mae": 6.0, "rmse": 4.0, "r2": 0.0})
    assert found["verdict"] == "mixed"
    assert "MAE 3.0000 against 6.0000, 50 % less. But not by RMSE 5.0000 against 4.0000, 25 % more" in found["text"]


def test_a_metric_that_cannot_be_computed_is_no_margin() -> None:
    assert margin.list_margins({"auc": None, "loss": float("nan")}, {"auc": 0.5, "loss": 1.0}) == []
    assert margin.describe_margin([], ("accuracy",)) is None


@pytest.mark.parametrize(("accuracy", "style"), [(0.9, "good"), (0.1, "bad")])
def test_the_page_and_the_summary_tell_the_margin(tmp_path: Path, accuracy: float, style: str) -> None:
    run = run_files.write_run(tmp_path / "r")
    run_files.write_json(run / "metrics.json", {"test": {"accuracy": accuracy}})
    told = document.summarise(run)["margin"]["text"]
    page = document.render(run)
    assert f'<p class="callout {style}">{told}' in page
    # What to try next stands with it.
    assert (f"{told} Look at the worst mistakes" in page) == (style == "bad")
    assert "constant 0.3333" in page
    assert json.loads(json.dumps(document.summarise(run)))["constant"]["test"]["accuracy"] == 0.3333


def test_without_the_constant_predictor_the_page_tells_no_margin(tmp_path: Path) -> None:
    run = run_files.write_run(tmp_path / "r")
    (run / "evaluation/constant.json").unlink()
    assert document.summarise(run)["margin"] is None
    assert "never looks at its input" not in document.render(run)


def test_a_finished_run_without_a_test_split_has_the_figures_of_validation(tmp_path: Path) -> None:
    run = run_files.write_run(tmp_path / "r")
    run_files.write_json(run / "metrics.json", {"validation": {"loss": 0.25, "accuracy": 0.75}})
    page = document.render(run)
    assert "The data has no test split" in page
    assert "On validation, which chose the best epochs: loss 0.2500, accuracy 0.7500." in page
    assert "<code>metrics.json</code> is written" not in page


def test_what_may_be_chance_is_not_called_better() -> None:
    found = margin.list_margins({"accuracy": 0.6}, {"accuracy": 0.5})
    told = [
        margin.describe_margin(found, ("accuracy",), intervals={"accuracy": (low, 0.8)}) for low in (0.45, 0.5, 0.51)
    ]
    assert [each and each["verdict"] for each in told] == ["mixed", "mixed", "better"]
    assert told[0] and "may be chance by accuracy" in told[0]["text"]
