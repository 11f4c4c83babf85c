from __future__ import annotations

from typing import Any

import pytest

from kerastune_ft.config.checks.phases.weights import weight_inconsistencies


def find(first: dict[str, Any], second: dict[str, Any], **backbone: Any) -> dict[str, str]:
    """The messages about a phase that trains the head and one that trains more, by key."""
    phases = [{"unfreeze": "none", **first}, {"unfreeze": {"last": 2}, **second}]
    return {f"{path[1]}.{path[2]}": message for path, message in weight_inconsistencies(phases, backbone)}


@pytest.mark.parametrize(
    ("first", "second", "place", "said"),
    [
        ({}, {"keep_if_better": True, "start_from": "pretrained"}, "1.keep_if_better", "any training improves on"),
        ({"keep_if_better": True}, {"carry_optimizer": True}, "1.carry_optimizer", "has none to go with"),
        ({"ema": 0}, {}, "0.ema", "averages nothing"),
        ({"l2_sp": 0.1}, {}, "0.l2_sp", "the new head has no pretrained weights"),
        ({}, {"l2_sp": 0.1, "lora": {"rank": 2}}, "1.l2_sp", "the pretrained weights stay as they are"),
    ],
)
def test_what_contradicts_itself_says_why(first: dict, second: dict, place: str, said: str) -> None:
    found = find(first, second)
    assert list(found) == [place]
    assert said in found[place]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"keep_if_better": True}, {"keep_if_better": True, "start_from": "last"}),
        ({"keep_if_better": False}, {"carry_optimizer": True}),
        ({}, {"keep_if_better": True, "carry_optimizer": True}),
        ({"ema": 0.5, "l2_sp": 0}, {"ema": None, "l2_sp": 0.1}),
    ],
)
def test_what_goes_together_is_not_reported(first: dict, second: dict) -> None:
    assert find(first, second) == {}


def test_what_is_no_phase_is_left_to_other_checks() -> None:
    assert list(weight_inconsistencies(["head", {"carry_optimizer": True}, 3], {})) == []


@pytest.mark.parametrize("backbone", [{"kind": "applications", "weights": None}, {"kind": "keras_hub", "class": "X"}])
def test_random_weights_are_nothing_to_be_pulled_towards(backbone: dict[str, Any]) -> None:
    assert "random weights" in find({}, {"l2_sp": 0.1}, **backbone)["1.l2_sp"]
    assert find({}, {"l2_sp": 0.1}, kind="applications") == {}


def test_of_two_backbones_one_with_weights_is_enough() -> None:
    phases, random = [{"unfreeze": "all", "l2_sp": 0.1}], {"kind": "applications", "weights": None}
    assert [path[2] for path, _ in weight_inconsistencies(phases, random, random)] == ["l2_sp"]
    assert list(weight_inconsistencies(phases, random, {"kind": "keras_hub", "preset": "x"})) == []


def test_a_kept_head_has_pretrained_weights() -> None:
    assert find({"l2_sp": 0.1}, {}, kind="run", head="keep") == {}
    assert "0.l2_sp" in find({"l2_sp": 0.1}, {}, kind="run", head="new")
