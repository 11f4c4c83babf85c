"""How many steps trials may take for a cost, by hand."""

from __future__ import annotations

from kerastune_ft.scheduling.budget import FEWEST_STEPS, TrialCost, trial_steps

TRIALS = {"top": 3, "all": 3}
COSTS = {"top": TrialCost(filling=4.0, step=0.1, measuring=1.0), "all": TrialCost(filling=0.0, step=0.4, measuring=2.0)}


def test_steps_fill_the_cost_and_never_exceed_it() -> None:
    # Three trials of each: 4 + 3 x 1 + 3 x 2 = 13 before any step, 3 x 0.5 for a step of each.
    steps = trial_steps(100.0, COSTS, TRIALS, epoch=1000)
    assert steps in (57, 58) and (100 - 13) / 1.5 == 58
    assert sum(cost.seconds(steps, 3) for cost in COSTS.values()) <= 100.0 + 1e-9


def test_no_trial_takes_more_than_four_epochs() -> None:
    assert trial_steps(1e6, COSTS, TRIALS, epoch=40) == 160


def test_too_few_steps_are_none() -> None:
    assert trial_steps(13 + 1.5 * (FEWEST_STEPS - 1), COSTS, TRIALS, epoch=1000) == 0
    assert trial_steps(13 + 1.5 * FEWEST_STEPS + 0.01, COSTS, TRIALS, epoch=1000) == FEWEST_STEPS
    assert trial_steps(0.0, COSTS, TRIALS, epoch=1000) == 0
    # An epoch of fewer steps is enough.
    assert trial_steps(13 + 1.5 * 6 + 0.01, COSTS, TRIALS, epoch=5) == 6


def test_each_part_has_its_own_number_of_trials() -> None:
    # 4 + 1 x 1 + 2 x 2 = 9 before any step, .1 + 2 x .4 = .9 for a step of each.
    assert trial_steps(100.0, COSTS, {"top": 1, "all": 2}, epoch=1000) == int((100 - 9) / 0.9)
