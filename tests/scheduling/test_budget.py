"""How many steps trials may take for a cost, by hand."""

from __future__ import annotations

from kerastune_ft.scheduling.budget import FEWEST_STEPS, TrialCost, trial_steps

COSTS = {"top": TrialCost(filling=4.0, step=0.1, measuring=1.0), "all": TrialCost(filling=0.0, step=0.4, measuring=2.0)}


def test_steps_fill_the_cost_and_never_exceed_it() -> None:
    # Three trials of each: 4 + 3 x 1 + 3 x 2 = 13 before any step, 3 x 0.5 for a step of each.
    steps = trial_steps(100.0, COSTS, 3, epoch=1000)
    assert steps == int((100 - 13) / 1.5) == 58
    assert sum(cost.seconds(steps, 3) for cost in COSTS.values()) <= 100.0 + 1e-9


def test_no_trial_takes_more_than_four_epochs() -> None:
    assert trial_steps(1e6, COSTS, 3, epoch=40) == 160


def test_too_few_steps_are_none() -> None:
    assert trial_steps(13 + 1.5 * (FEWEST_STEPS - 1), COSTS, 3, epoch=1000) == 0
    assert trial_steps(13 + 1.5 * FEWEST_STEPS + 0.01, COSTS, 3, epoch=1000) == FEWEST_STEPS
    assert trial_steps(0.0, COSTS, 3, epoch=1000) == 0
    # An epoch of fewer steps is enough.
    assert trial_steps(13 + 1.5 * 6, COSTS, 3, epoch=5) == 6
