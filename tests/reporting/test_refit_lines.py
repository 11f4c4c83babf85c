from __future__ import annotations

from kerastune_ft.reporting.refit_lines import BeforeRefit, describe_refit

PLAN = {"refit": {"examples": 1234}}
NOW = {"validation": {"accuracy": 0.7}, "test": {"loss": 0.25, "accuracy": 0.875}}
FIRST = {"metrics": {"test": {"loss": 0.5, "accuracy": 0.75}}, "intervals": {"test": {"accuracy": [0.7, 0.8]}}}


def test_both_models_on_test_the_headline_first() -> None:
    assert describe_refit(PLAN, NOW, FIRST) == (
        "After validation had chosen its epochs the model was trained again on 1,234 training and validation examples "
        "together. On test: accuracy 0.8750, before 0.7500 (95 %: 0.7000 to 0.8000); loss 0.2500, before 0.5000. "
        "Figures of validation are of the model before."
    )


def test_without_a_test_split_nothing_measures_it() -> None:
    said = describe_refit(PLAN, {"validation": {"accuracy": 0.7}}, {"metrics": {}, "intervals": {}})
    assert "There is no test split that would measure it." in said


def test_without_a_refit_there_is_nothing_to_say() -> None:
    assert describe_refit({}, NOW, {}) == "" == str(BeforeRefit({}, ""))
