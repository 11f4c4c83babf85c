from __future__ import annotations

from pathlib import Path

import pytest

from kerastune_ft.metrics.outcomes.masks import MaskOutcomes
from kerastune_ft.metrics.reliability import describe_choice
from kerastune_ft.reporting.reliability import words
from kerastune_ft.training.judging.evaluate_run import name_other_data


@pytest.mark.parametrize(
    ("data", "name"), [("photos/ward 7", "ward 7"), ("a/test", "test"), ("photos/validation", "./validation")]
)
def test_other_data_is_never_taken_for_what_things_were_chosen_on(data: str, name: str) -> None:
    assert name_other_data(Path(data)) == name
    outcomes = MaskOutcomes(3, ["a"])
    said = words.describe_choice(describe_choice(name, outcomes, "validation", outcomes, None))
    assert "flatter" not in said and f"measured on {name} (3)" in said
