"""The rules that make phases of measurements, on measurements made up."""

from __future__ import annotations

import math
from typing import Any

import pytest

from kerastune_ft.config.options.phases import Phase
from kerastune_ft.scheduling import rules
from kerastune_ft.scheduling.rules import ALL, TOP, Facts, ProbeResult, TrialResult


def facts(train: int = 800, **more: Any) -> Facts:
    known: dict[str, Any] = {"can_augment": True, "can_probe": True, "metric": "accuracy", "maximise": True}
    return Facts(train, **{**known, **more})


def probe(cut: str, loss: float, value: float = 0.8) -> ProbeResult:
    return ProbeResult(cut, loss, value, 0.1)


def trial(boundary: rules.Boundary, rate: float, loss: float) -> TrialResult:
    return TrialResult(boundary, rate, 30, loss, 0.8)


def test_few_examples_and_probes_that_are_right_leave_the_backbone_alone() -> None:
    assert rules.choose_boundaries(facts(99), [probe("features", 0.5)])[0] == []
    assert rules.choose_boundaries(facts(100), [probe("features", 0.5)])[0] == [TOP, ALL]
    found, why = rules.choose_boundaries(facts(), [probe("features", 0.01, 0.995)])
    assert found == [] and "0.995" in why
    # Of an error nothing is known to be small.
    assert rules.choose_boundaries(facts(metric="mae", maximise=False), [probe("features", 0.01, 5.0)])[0] == [TOP, ALL]


def test_a_better_probe_inside_names_a_part_above_it() -> None:
    found, why = rules.choose_boundaries(
        facts(), [probe("block1", 0.6), probe("block2", 0.3), probe("block3", 0.4), probe("features", 0.5)]
    )
    assert [part.unfreeze for part in found] == [{"fraction": 0.3}, {"from": "block2"}, "all"]
    assert "block2" in why and "0.300" in why and "0.500" in why


def test_without_a_probe_the_usual_part_is_taken() -> None:
    assert rules.choose_boundaries(facts(can_probe=False), [])[0] == [TOP]


def test_the_third_rate_is_tried_only_where_the_second_is_worse() -> None:
    first, second, third = rules.RATES
    assert rules.next_rate([]) == first and rules.next_rate([trial(TOP, first, 0.5)]) == second
    assert rules.next_rate([trial(TOP, first, 0.5), trial(TOP, second, 0.4)]) is None
    worse = [trial(TOP, first, 0.5), trial(TOP, second, 0.6)]
    assert rules.next_rate(worse) == third and rules.next_rate([*worse, trial(TOP, third, 0.4)]) is None


@pytest.mark.parametrize(("loss", "chosen"), [(0.5, TOP), (0.496, TOP), (0.494, ALL)])
def test_more_units_have_to_be_worth_it(loss: float, chosen: rules.Boundary) -> None:
    found = rules.choose_trial([trial(TOP, 2e-4, 0.5), trial(TOP, 8e-4, 0.6), trial(ALL, 2e-4, loss)])
    assert found is not None and found.boundary == chosen
    assert rules.choose_trial([]) is None


def test_what_diverged_is_worse_than_anything_and_nothing_to_go_on_with() -> None:
    diverged = [trial(TOP, rate, math.inf) for rate in rules.RATES[:2]]
    assert rules.next_rate(diverged) == rules.RATES[2] and rules.choose_trial(diverged) is None
    fine = trial(TOP, rules.RATES[2], 0.5)
    assert rules.choose_trial([*diverged, fine]) == fine == rules.choose_trial([fine, *diverged])
    assert rules.describe_trial(diverged[0], 0.6, "accuracy") == "trial of top at 0.0002, 30 steps: it diverged"


def test_phases_are_those_of_a_configuration() -> None:
    phase = rules.later_phase(facts(), ALL, 2e-4)
    assert phase["learning_rate"] == {"peak": 2e-4, "shape": "cosine", "warmup": 0.1, "unit_decay": 0.9}
    assert phase["unfreeze"] == "all" and "augment" not in phase
    few = rules.later_phase(facts(250), TOP, 2e-4)
    assert few["augment"] == {"preset": "light", "views": 4}
    assert "augment" not in rules.later_phase(facts(250, can_augment=False), TOP, 2e-4)
    assert "unit_decay" not in few["learning_rate"]
    assert rules.head_by_solver(0.5)["optimizer"] == {"name": "lbfgs", "l2": 0.5}
    short = rules.short_phase(facts(), trial(ALL, 8e-4, 0.4))
    assert (short["name"], short["steps"], short["learning_rate"]["peak"]) == ("all_short", 30, 8e-4)
    assert "epochs" not in short and rules.lowest_rate() < rules.usual_rate()
    head = rules.head_by_steps(800)
    assert head["unfreeze"] == "none" and not any(key.startswith("//") for key in head)


def test_what_is_said_of_a_phase_is_what_it_is_with_the_keys_that_are_set() -> None:
    few = rules.later_phase(facts(250), TOP, 2e-4)
    said = rules.describe_later(facts(250), Phase.model_validate(few).to_json())
    assert f"at most {few['epochs']} epochs in batches of {few['batch_size']}, ended after" in said[0]
    assert "dropped where none is better" in said[0] and "4 augmented views" in said[1]
    own = {**few, "epochs": 3, "early_stopping": None, "keep_if_better": False, "augment": "none"}
    said = rules.describe_later(facts(250), Phase.model_validate(own).to_json())
    assert said == [f"top: at most 3 epochs in batches of {few['batch_size']}, for 250 training examples"]
