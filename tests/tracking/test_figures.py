"""What trackers get is named alike everywhere, and holds what a run may tell."""

from __future__ import annotations

import math

from kerastune_ft.tracking.figures import describe_phase, list_parameters, name_figures, name_final
from tests.support.tracked import CONFIG, PHASES, PLAN, make_row


def test_figures_of_an_epoch_have_the_rate_of_every_unit_and_leave_out_what_is_no_number() -> None:
    row = make_row("top", 2, 8) | {"train_accuracy": math.nan}
    # The rates of all units follow the shape of the phase: half of their peaks here.
    assert name_figures(row, PHASES[1]) == {
        "train/loss": 0.5, "validation/accuracy": 0.5, "rate/block1": 0.0005, "rate/head": 0.005, "epoch": 2.0,
        "phase": 2.0,
    }  # fmt: skip


def test_figures_of_the_final_model_have_their_intervals() -> None:
    found = name_final({"test": {"accuracy": 0.9, "auc": None}}, {"test": {"accuracy": (0.8, 1.0)}})
    assert found == {"final/test/accuracy": 0.9, "final/test/accuracy_low": 0.8, "final/test/accuracy_high": 1.0}


def test_parameters_are_flat_and_tell_nothing_of_data_that_is_not_shown() -> None:
    config = CONFIG | {"phases": [{"name": "head", "learning_rate": {"peak": 0.1, "units": {}}, "lora": None}]}
    config |= {"head": {"hidden": [8, 4], "dropout": 0.5}}
    found = list_parameters(config, PLAN)
    assert found["phases.head.learning_rate.peak"] == 0.1
    assert found["head.hidden"] == "8, 4"
    assert found["data.path"] == "photos"
    assert (found["examples.train"], found["phases.head.trainable_parameters"]) == (7, 1234)
    assert not any(key.startswith("output") or value is None for key, value in found.items())
    hidden = list_parameters(config | {"output": {"examples": False}}, PLAN)
    assert [key for key in hidden if key.startswith("data")] == ["data.kind"]


def test_a_phase_says_what_it_trains() -> None:
    assert describe_phase(PHASES[0]) == "**head** trains head (1,234 parameters): at most 3 epochs, adamw at 0.01"
    assert describe_phase(PHASES[0] | {"refit": {"epochs": 3}}).startswith(
        "**refit of head** trains head (1,234 parameters): 3 ep"
    )
