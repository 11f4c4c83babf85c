from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastune_ft.metrics.outcomes.base import Outcomes
from kerastune_ft.metrics.outcomes.one_class import OneClassOutcomes
from kerastune_ft.metrics.outcomes.several_classes import SeveralClassesOutcomes
from kerastune_ft.metrics.outcomes.values import ValueOutcomes
from kerastune_ft.metrics.reliability import describe_all, describe_choice
from kerastune_ft.reporting.page import document
from kerastune_ft.reporting.reliability.section import build_section, list_measures
from kerastune_ft.rundir import RunDirectory
from tests.support import run_files

RANDOM = np.random.default_rng(1)
GROUPS = [f"patient-{number // 4}" for number in range(40)]


def make_one(classes: int) -> OneClassOutcomes:
    targets = RANDOM.integers(0, classes, 40)
    names = ["viral", "<i>normal", *(f"class {number}" for number in range(2, classes))]
    return OneClassOutcomes(targets, RANDOM.normal(size=(40, classes)), names, 0)


def make_several() -> SeveralClassesOutcomes:
    logits = RANDOM.normal(size=(40, 2))
    return SeveralClassesOutcomes(RANDOM.random((40, 2)) < 0.5, logits, ["red", "white"], np.full(2, 0.5))


def make_values() -> ValueOutcomes:
    return ValueOutcomes(RANDOM.normal(size=(40, 2)), RANDOM.normal(size=(40, 2)), ["age", "dose"])


def describe(outcomes: Outcomes, temperature: Any, groups: list[str] | None = None) -> dict[str, Any]:
    about = describe_choice("test", outcomes, "validation", outcomes, groups)
    return about | describe_all(outcomes, outcomes, temperature, groups)


def test_a_run_without_the_file_has_no_section() -> None:
    assert build_section({}) is None


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (describe(make_one(2), 1.5, GROUPS), ["temperature 1.5", "&lt;i&gt;normal", "are of 10 groups"]),
        (describe(make_one(15), 0.9), ["12 classes with the smallest area", "Sets for 95 %", "specificity 0.9"]),
        (describe(make_values(), None), ["Intervals that hold the true value", "dose"]),
    ],
)
def test_the_page_shows_what_the_file_says(tmp_path: Path, found: dict[str, Any], says: list[str]) -> None:
    run = run_files.write_run(tmp_path / "xray-1", examples=False)
    RunDirectory(run).commit_json("evaluation/reliability.json", found)
    page = document.render(run)
    assert 'href="#reliability"' in page
    part = page[page.index('id="reliability"') :]
    for text in says:
        assert text in part
    assert "patient-" not in page
    assert ">nan<" not in page.lower()
    assert document.summarise(run)["reliability"]["split"] == "test"


def test_several_labels_and_examples_of_one_class_alone() -> None:
    several = build_section(describe(make_several(), {"red": 1.0, "white": 2.0}))
    assert several is not None
    assert several["calibration"]["temperature"] == "temperatures by class, 1 to 2"
    assert several["sets"] == []
    one = build_section(describe(make_one(2).take(np.zeros(3, int)), 1.0))
    assert one is not None
    assert None in [row["threshold"] for row in one["thresholds"]]


def test_measures_have_their_changes() -> None:
    found = describe(make_one(2), 1.5)["calibration"]
    rows = {row["measure"]: row for row in list_measures(found)}
    assert rows["Brier score"]["change"] == pytest.approx(found["calibrated"]["brier"] - found["raw"]["brier"])
    assert rows["expected calibration error (ECE)"]["change"] is None
