from __future__ import annotations

import io
from typing import Any

import numpy as np
from rich.console import Console

from kerastune_ft.metrics.decisions.costs import describe_policies
from kerastune_ft.metrics.decisions.thresholds import describe_aims, read_aim
from kerastune_ft.metrics.outcomes.one_class import OneClassOutcomes
from kerastune_ft.metrics.outcomes.values import ValueOutcomes
from kerastune_ft.metrics.reliability import describe_calibration, describe_choice, describe_sets
from kerastune_ft.reporting.terminal.evaluation_tables import build_evaluation

RANDOM = np.random.default_rng(1)


def show(details: dict[str, Any], groups: int | None = None) -> str:
    console = Console(width=200, file=io.StringIO())
    console.print(build_evaluation(details, 60, groups, "test"))
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_each_question_has_its_table() -> None:
    targets = RANDOM.integers(0, 2, 60)
    outcomes = OneClassOutcomes(targets, RANDOM.normal(size=(60, 2)) + np.eye(2)[targets], ["healthy", "ill"], 1)
    part = {
        "subgroup": "F", "examples": 20, "groups": None, "few": True, "metrics": {"macro_f1": 0.5},
        "intervals": {"macro_f1": [0.4, 0.6]}, "differences": {"macro_f1": {"value": -0.1, "interval": [-0.2, 0.05]}},
    }  # fmt: skip
    said = show(
        {
            "choice": describe_choice("test", outcomes, "validation", outcomes, None),
            "calibration": describe_calibration(outcomes, 2.0),
            "at": describe_aims(outcomes.list_scored(), outcomes.list_scored(), [read_aim("specificity=0.9")]),
            "costs": describe_policies(outcomes.price(outcomes, {"missed": 10, "false_alarm": 1})),
            "coverage": describe_sets(outcomes, outcomes, 0.9),
            "by": {"sex": [part, {**part, "subgroup": "M", "few": False}]},
            "views": {
                "views": 3,
                "phase": "head",
                "metrics": {"loss": 0.4},
                "intervals": {},
                "differences": {"loss": {"value": -0.1, "interval": [-0.2, -0.05]}},
            },
        },
        groups=12,
    )
    for text in (
        "are of 12 groups", "(ECE)", "specificity=0.9", "ill from the threshold of the least cost", "always healthy",
        "Sets for 90 % hold", "true class", "F *", "2 differences are looked at", "mean of 3 views",
        "views are those of phase head",
    ):  # fmt: skip
        assert text in said, text
    assert "nan" not in said.lower().replace("nancy", "")


def test_values_and_nothing_asked() -> None:
    assert show({}).strip() == ""
    outcomes = ValueOutcomes(RANDOM.normal(size=(60, 1)), RANDOM.normal(size=(60, 1)), ["age"])
    choice = describe_choice("test", outcomes, "validation", outcomes, None)
    assert "half width" in show({"choice": choice, "coverage": describe_sets(outcomes, outcomes, 0.9)})


def test_an_aim_without_a_threshold_has_dashes() -> None:
    outcomes = OneClassOutcomes(np.zeros(60, int), RANDOM.normal(size=(60, 2)), ["healthy", "ill"], 1)
    choice = describe_choice("test", outcomes, "validation", outcomes, None)
    rows = describe_aims(outcomes.list_scored(), outcomes.list_scored(), [read_aim("sensitivity=0.9")])
    assert "–" in show({"choice": choice, "at": rows})  # noqa: RUF001  an en dash
