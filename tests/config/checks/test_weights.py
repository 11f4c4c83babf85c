from __future__ import annotations

from typing import Any

import pytest

from kerastune_ft.config.checks.weights import weight_inconsistencies


def find(first: dict[str, Any], second: dict[str, Any]) -> dict[str, str]:
    """The messages about a phase that trains the head and one that trains more, by key."""
    phases = [{"unfreeze": "none", **first}, {"unfreeze": {"last": 2}, **second}]
    return {f"{path[1]}.{path[2]}": message for path, message in weight_inconsistencies(phases)}


@pytest.mark.parametrize(
    ("first", "second", "place", "said"),
    [
        ({}, {"keep_if_better": True, "start_from": "pretrained"}, "1.keep_if_better", "any training improves on"),
        ({"keep_if_better": True}, {"carry_optimizer": True}, "1.carry_optimizer", "has none to go with"),
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
    ],
)
def test_what_goes_together_is_not_reported(first: dict, second: dict) -> None:
    assert find(first, second) == {}


def test_what_is_no_phase_is_left_to_other_checks() -> None:
    assert list(weight_inconsistencies(["head", {"carry_optimizer": True}, 3])) == []
