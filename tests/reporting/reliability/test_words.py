from __future__ import annotations

from typing import Any

import pytest

from kerastune_ft.reporting.reliability import words


def test_groups_are_counted() -> None:
    assert words.describe_groups(200, None, "test") is None
    many = words.describe_groups(2000, 40, "test")
    assert many is not None
    assert many.startswith("The 2,000 examples of test are of 40 groups, and whole groups are drawn")
    assert "few" not in many
    assert "3 groups are few" in str(words.describe_groups(200, 3, "test"))


def test_what_was_chosen_where() -> None:
    document = {"split": "test", "examples": 30, "chosen_on": "out_of_fold", "chosen_examples": 90}
    assert "chosen on answers out of fold (90 examples) and measured on test (30)" in words.describe_choice(document)
    assert "flatter" in words.describe_choice({**document, "split": "validation", "chosen_on": "validation"})
    by_another = words.describe_choice({**document, "chosen_by": "the model before the refit"})
    assert by_another.endswith(
        "It was answers of the model before the refit that chose them, and not of the model that is measured."
    )


def make_calibration(ece: float, share: float, claims: int = 60) -> dict[str, Any]:
    bins = [{"claims": claims, "probability": 0.8, "share": share}]
    return {
        "temperature": 2.0,
        "raw": {"ece": ece, "ece_by_chance": 0.05, "bins": bins},
        "calibrated": {"ece": 0.01, "bins": bins},
    }


@pytest.mark.parametrize(
    ("ece", "share", "says"), [(0.06, 0.7, "nothing shows"), (0.2, 0.6, "too high"), (0.2, 0.9, "too low")]
)
def test_what_calibration_says(ece: float, share: float, says: str) -> None:
    assert says in words.describe_calibration(make_calibration(ece, share))


def test_few_examples_tell_little() -> None:
    assert "2 of them tell little" in words.describe_calibration(make_calibration(0.2, 0.6, 2))


def test_what_could_not_be_fitted_is_said() -> None:
    found = make_calibration(0.2, 0.6)
    assert words.describe_calibration({**found, "fitted": True}).endswith("With the temperature ECE is 0.0100.")
    none = words.describe_calibration({**found, "fitted": False})
    assert "With" not in none and none.endswith("Validation tells no temperature, so that none is used.")
    assert words.describe_calibration({**found, "not_fitted": ["a", "b"]}).endswith("tells none for a, b.")


def test_temperatures() -> None:
    assert words.describe_temperature(1.2345) == "temperature 1.23"
    assert words.describe_temperature({"a": 0.5, "b": 2.0}) == "temperatures by class, 0.5 to 2"


def test_sets() -> None:
    found = {"wanted": 0.9, "limits": [0.4], "needed": 9, "chosen_examples": 50, "coverage": 0.88, "mean_size": 1.2}
    assert words.describe_sets(found, "test", "validation") == (
        "Sets for 90 % hold the true class of 88 % of test, with 1.20 classes on average."
    )
    few = words.describe_sets({**found, "limits": [None], "chosen_examples": 5}, "test", "validation")
    assert "needs 9 examples of validation, and there are 5" in few
    values = {"wanted": 0.9, "limits": [2.5], "targets": [{"target": "age", "half_width": 2.5, "coverage": 0.93}]}
    assert "93 % of test lie within 2.5 of the predicted age" in words.describe_sets(values, "test", "validation")
