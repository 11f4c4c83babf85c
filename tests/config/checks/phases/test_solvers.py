from __future__ import annotations

from typing import Any

import pytest

from kerastune_ft.config.checks.phases.solvers import is_solved, python_inconsistencies
from kerastune_ft.config.options.heads import Head
from kerastune_ft.config.read import read
from tests.support.config_cases import MINIMAL, messages

PROBE = {"name": "probe", "unfreeze": "none", "epochs": 50, "optimizer": {"name": "lbfgs", "l2": 0.1}}


def document(phase: dict[str, Any], **sections: Any) -> dict[str, Any]:
    return {**MINIMAL, **sections, "phases": [{**PROBE, **phase}]}


@pytest.mark.parametrize(
    ("phase", "is_one"),
    [({"optimizer": "lbfgs"}, True), ({"optimizer": {"name": "sgd"}}, False), ({}, False), ({"optimizer": 3}, False)],
)
def test_a_phase_is_solved_where_its_optimizer_is_a_solver(phase: dict[str, Any], is_one: bool) -> None:
    assert is_solved(phase) == is_one


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("learning_rate", 0.1, "the solver chooses the length of its steps"),
        ("weight_decay", 0.1, 'the penalty is the solver\'s "l2"'),
        ("batch_size", 64, "it has no effect with a solver"),
        ("sampling", "balanced", 'write "class_weights": "balanced"'),
        ("early_stopping", {"patience": 3}, "the phase ends with the optimum"),
        ("dropout", 0.1, "it has no effect with a solver"),
        ("clip_norm", 1.0, "it has no effect with a solver"),
        ("augment", "light", "it would be drawn anew in every epoch"),
        ("unfreeze", {"last": 1}, "a solver sets a head on features that stay as they are"),
    ],
)
def test_what_a_solver_has_no_use_for_is_refused(key: str, value: Any, message: str) -> None:
    found = messages(document({key: value}))
    place = "optimizer" if key == "unfreeze" else key
    assert list(found) == [f"phases[0].{place}"]
    assert message in found[f"phases[0].{place}"]


@pytest.mark.parametrize(
    "phase",
    [
        {"augment": {"preset": "light", "views": 3}},
        {"class_weights": "balanced", "label_smoothing": 0.1, "monitor": "validation_accuracy", "cache": "off"},
        {"optimizer": "lbfgs", "weight_decay": 0.01, "batch_size": 32},
    ],
)
def test_what_a_solver_can_do_is_read(phase: dict[str, Any]) -> None:
    assert read(document(phase)).phases[0].is_solved


def test_the_head_has_to_be_linear() -> None:
    found = messages(document({}, head={"hidden": [64]}))
    assert found == {
        "phases[0].optimizer": "a solver sets a linear head, and head.hidden has layers of [64]; write "
        '"hidden": [], or another optimizer'
    }
    task = {"task": {"kind": "image_segmentation"}}
    assert "that of task.kind image_segmentation is a decoder" in messages(document({}, **task))["phases[0].optimizer"]


def test_steps_and_a_missing_penalty_or_rate_are_told_apart() -> None:
    found = messages(document({"epochs": None, "steps": 9}))
    assert found == {"phases[0].steps": 'an iteration looks at all examples; write "epochs", the most iterations there '
                     "will be"}  # fmt: skip
    found = messages(document({"optimizer": {"name": "lbfgs", "l2": 0}}))
    assert found == {"phases[0].optimizer.l2": "0 does not fit; give a number above 0"}
    phases = [{"name": "head", "unfreeze": "none", "epochs": 2}]
    assert messages({**MINIMAL, "phases": phases}) == {
        "phases[0].learning_rate": 'missing; write "learning_rate": 0.001, or {"peak": 0.001, "shape": "cosine"}'
    }
    assert list(messages({**MINIMAL, "phases": [{**phases[0], "lr": 0.1}]})) == ["phases[0].lr"]


def test_a_solved_phase_leaves_no_optimizer_to_go_on_with() -> None:
    top = {"name": "top", "unfreeze": "all", "epochs": 2, "learning_rate": 0.1, "carry_optimizer": True}
    found = messages({**MINIMAL, "phases": [PROBE, top]})
    assert "the phase before is solved" in found["phases[1].carry_optimizer"]


def test_keys_of_the_head_have_no_effect_beside_an_own_one() -> None:
    python = {"head": {"name": "build_head"}}
    found = list(python_inconsistencies(python, {"dropout": 0.4}, [{"dropout": 0.1}, {"dropout": None}]))
    assert [place for place, _ in found] == [("head", "dropout"), ("phases", 0, "dropout")]
    # As the config.json of a run has them.
    # Which maps a head of masks gets.
    assert list(python_inconsistencies(python, {"stride": 8}, [])) == []
    assert list(python_inconsistencies(python, Head().to_json(), [])) == []
    assert list(python_inconsistencies({"head": None}, {"dropout": 0.4}, [{"dropout": 0.1}])) == []


def test_what_changes_the_tasks_loss_has_no_effect_beside_an_own_one() -> None:
    phases = [{"label_smoothing": 0.1, "class_weights": "balanced"}, {"loss": {"name": "mae"}, "label_smoothing": 0}]
    found = [place for place, _ in python_inconsistencies({"loss": {"name": "half"}}, {}, phases)]
    assert found == [("phases", 0, "label_smoothing"), ("phases", 0, "class_weights"), ("phases", 1, "loss")]


def test_a_solver_solves_the_tasks_own_head_and_loss_alone() -> None:
    solved = {"optimizer": {"name": "lbfgs", "l2": 0.1}}
    for python in ({"head": {"name": "build_head"}}, {"loss": {"name": "half"}}):
        assert [place for place, _ in python_inconsistencies(python, {}, [{}, solved])] == [("phases", 1, "optimizer")]
