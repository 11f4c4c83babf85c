from __future__ import annotations

from typing import Any

import pytest

from kerastune_ft.reporting import update_lines

SOLVED = {"solver": {"l2": 0.001}, "optimizer": "lbfgs", "steps": 200, "epochs": 200, "monitor": "validation_loss"}
TRAINED: dict[str, Any] = {
    "steps": 40, "epochs": 4, "steps_per_epoch": 10, "batch_size": 8, "replica_batch": 4, "accumulate": 2,
    "optimizer": "adamw", "weight_decay": 0.01, "monitor": "validation_auc", "early_stopping": {"patience": 3},
    "learning_rate": {"peak": 0.1, "shape": "cosine", "warmup_steps": 4, "final": None},
}  # fmt: skip


def test_a_solver_makes_iterations_on_all_examples_and_ends_with_the_optimum() -> None:
    assert update_lines.describe_steps(SOLVED) == "200 iterations of a solver at most"
    assert update_lines.describe_learning_rate({}) == ""
    said = update_lines.describe_optimizer(SOLVED)
    assert said == "lbfgs, l2 0.001: sets the head to its optimum on the features of all examples"
    assert update_lines.describe_monitor(SOLVED) == "validation_loss, measured alone: the phase ends with the optimum"


@pytest.mark.parametrize(
    ("is_converged", "said"),
    [
        (True, "the optimum after 14 iterations, loss 0.1634 + penalty 0.0312"),
        (False, "not at the optimum after 14 iterations, loss 0.1634 + penalty 0.0312"),
    ],
)
def test_a_solver_says_how_it_ended(is_converged: bool, said: str) -> None:
    found = {"l2": 0.01, "iterations": 14, "loss": 0.16344, "penalty": 0.0312, "converged": is_converged}
    assert update_lines.describe_solution(found) == said
    # Of a run from before, and of a phase without a solver.
    assert update_lines.describe_solution({"l2": 0.01}) == update_lines.describe_solution({}) == ""


def test_a_momentum_that_follows_the_rate_is_said() -> None:
    rate = {**TRAINED["learning_rate"], "momentum": [0.95, 0.85, 0.95]}
    assert update_lines.describe_learning_rate(rate).endswith("4 warm-up steps, momentum 0.95 to 0.85 to 0.95")


def test_updates_by_batches_have_their_numbers() -> None:
    assert update_lines.describe_steps(TRAINED) == "40 at most: 4 epochs x 10"
    assert update_lines.describe_batch(TRAINED) == "8 (4 per replica), 2 batches make one step"
    assert update_lines.describe_learning_rate(TRAINED["learning_rate"]) == "peak 0.1, cosine, 4 warm-up steps"
    warm = {**TRAINED["learning_rate"], "start": 0.02}
    assert update_lines.describe_learning_rate(warm) == "peak 0.1, cosine, 4 warm-up steps from 0.02"
    assert update_lines.describe_optimizer(TRAINED) == "adamw, weight decay 0.01"
    assert update_lines.describe_monitor(TRAINED) == "validation_auc, early stopping (patience 3)"


@pytest.mark.parametrize(
    ("accumulate", "more", "ending"),
    [
        ("auto", {"pieces": 3}, ", in 3 pieces"),
        ("auto", {"pieces": None}, ", in as many pieces as the memory needs"),
        (1, {}, ""),
    ],
)
def test_pieces_of_a_batch_are_named(accumulate: Any, more: dict[str, Any], ending: str) -> None:
    found = update_lines.describe_batch({**TRAINED, "accumulate": accumulate, **more})
    assert found == f"8 (4 per replica){ending}"


def test_a_loss_is_named_with_its_option() -> None:
    assert update_lines.describe_loss({"loss": None}) == ""
    told = "focal, gamma 1.5; the plain loss of the task is what validation measures"
    assert update_lines.describe_loss({"loss": {"name": "focal", "gamma": 1.5}}) == told


def test_mixing_is_told_with_its_views() -> None:
    assert update_lines.describe_mixing({}) == update_lines.describe_mixing({"mixup": 0, "cutmix": 0.0}) == ""
    assert update_lines.describe_mixing({"mixup": 0.2, "cutmix": 0.0, "views": 3}) == (
        "mixup 0.2, with any other training example, the same in each of 3 views; nothing is mixed in validation"
    )
    both = update_lines.describe_mixing({"mixup": 0.2, "cutmix": 1.0})
    assert both.startswith("mixup 0.2 or cutmix 1, one of the two for each example")


def test_figures_of_training_that_are_of_another_loss_are_explained() -> None:
    assert update_lines.explain_figures({"loss": None, "mixing": None, "ema": None}) == ""
    mixed = {"loss": {"name": "focal", "gamma": 2.0}, "mixing": {"mixup": 0.3, "cutmix": 1.0, "views": None}}
    assert update_lines.explain_figures(mixed) == (
        "Its training figures are of the loss focal and of mixed examples (mixup 0.3 or cutmix 1), those of validation "
        "of the plain loss and examples."
    )
    for key, value, words in (
        ("label_smoothing", 0.1, "of smoothed labels (0.1)"),
        ("class_weights", {"a": 1.0, "b": 3.0}, "of weighted classes"),
        ("sampling", "balanced", "of examples drawn by class"),
    ):
        assert f"figures are {words}, those of" in update_lines.explain_figures({key: value})
    assert update_lines.explain_figures({"ema": 0.999}).startswith(
        "Validation measures, and the phase leaves, weights averaged"
    )
