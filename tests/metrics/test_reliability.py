from __future__ import annotations

import json
import math

import numpy as np
import pytest

from kerastune_ft.metrics.calibration.temperature import Temperature
from kerastune_ft.metrics.intervals.draws import draw_counts
from kerastune_ft.metrics.outcomes.base import Outcomes
from kerastune_ft.metrics.outcomes.masks import MaskOutcomes
from kerastune_ft.metrics.outcomes.one_class import OneClassOutcomes
from kerastune_ft.metrics.outcomes.several_classes import SeveralClassesOutcomes
from kerastune_ft.metrics.outcomes.values import ValueOutcomes
from kerastune_ft.metrics.reliability import describe_all, describe_calibration, describe_choice, describe_sets

RANDOM = np.random.default_rng(12)


def make_one(classes: int = 2, examples: int = 60) -> OneClassOutcomes:
    targets = RANDOM.integers(0, classes, examples)
    logits = 2 * RANDOM.normal(size=(examples, classes)) + 2 * np.eye(classes)[targets]
    return OneClassOutcomes(targets, logits, list("abcdefghijklmnopqrst"[:classes]), classes - 1)


def make_several(examples: int = 60) -> SeveralClassesOutcomes:
    logits = 2 * RANDOM.normal(size=(examples, 2))
    return SeveralClassesOutcomes(RANDOM.random((examples, 2)) < 0.5, logits, ["a", "b"], np.array([0.5, 0.5]))


def make_values(examples: int = 60) -> ValueOutcomes:
    wanted = RANDOM.normal(size=(examples, 1))
    return ValueOutcomes(wanted, wanted + RANDOM.normal(size=(examples, 1)), ["size"])


@pytest.mark.parametrize(
    ("chosen", "measured", "temperature", "parts"),
    [
        (make_one(), make_one(), 1.5, ["calibration", "curves", "thresholds", "sets"]),
        (make_one(5), make_one(5), 1.5, ["calibration", "curves", "thresholds", "sets"]),
        (make_several(), make_several(), {"a": 1.5, "b": 1.0}, ["calibration", "curves", "thresholds"]),
        (make_values(), make_values(), None, ["sets"]),
        (MaskOutcomes(3, ["a"]), MaskOutcomes(3, ["a"]), None, []),
        # Two examples of one class, as the smallest data have them.
        (
            make_one(2, 60).take(np.array([0])),
            make_one(2, 60).take(np.array([0, 1])),
            1.0,
            ["calibration", "curves", "thresholds", "sets"],
        ),
        (make_one(), make_one().take(np.zeros(0, int)), 1.0, []),
    ],
)
def test_every_kind_has_the_parts_it_can_have(
    chosen: Outcomes, measured: Outcomes, temperature: Temperature | None, parts: list[str]
) -> None:
    for groups in (None, [str(number // 4) for number in range(measured.examples)]):
        found = describe_all(chosen, measured, temperature, groups)
        assert list(found) == parts
        assert len(json.dumps(found)) < 60_000


def test_probabilities_before_and_after() -> None:
    outcomes = make_one()
    found = describe_calibration(outcomes, 2.0)
    losses, after = outcomes.losses(), outcomes.calibrate(2.0).losses()
    assert found["raw"]["brier"] == pytest.approx(losses["brier"].mean())
    assert found["calibrated"]["log_loss"] == pytest.approx(after["log_loss"].mean())
    change = after["brier"] - losses["brier"]
    counts = np.concatenate(list(draw_counts(60)), axis=1)
    wanted = np.quantile(change @ counts / 60, [0.025, 0.975])
    assert found["changes"]["brier"]["value"] == pytest.approx(change.mean())
    assert list(found["changes"]["brier"]["interval"]) == pytest.approx(list(wanted), rel=1e-4)
    # A temperature of 1 changes nothing, and that is known exactly.
    assert describe_calibration(outcomes, 1.0)["changes"]["brier"]["value"] == 0


def test_aims_are_fewer_where_there_are_many_classes() -> None:
    assert len(describe_all(make_one(), make_one(), 1.0)["thresholds"]) == 4
    found = describe_all(make_one(20, 200), make_one(20, 200), 1.0)
    assert len(found["thresholds"]) == 24
    # Those whose curves are drawn.
    worst = sorted(found["curves"]["classes"], key=lambda row: row["auc"])[:12]
    assert {row["class"] for row in found["thresholds"]} == {row["class"] for row in worst}


def test_sets_of_too_few_examples_let_everything_in() -> None:
    found = describe_sets(make_one().take(np.arange(5)), make_one(), 0.9)
    assert (found["limits"], found["needed"], found["chosen_examples"]) == ([None], 9, 5)
    assert (found["coverage"], found["mean_size"]) == (1, 2)
    assert math.isfinite(describe_sets(make_values(), make_values(), 0.9)["limits"][0])


def test_what_figures_are_of_is_said() -> None:
    found = describe_choice("test", make_one(), "validation", make_one(2, 20), ["a", "b"] * 30)
    assert found == {"split": "test", "examples": 60, "groups": 2, "chosen_on": "validation", "chosen_examples": 20}
    other = describe_choice("test", make_one(), "validation", make_one(), None, "the model before the refit")
    assert other["chosen_by"] == "the model before the refit"
