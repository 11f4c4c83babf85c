"""What the tests of the configuration share: a minimal document and the problems of a broken one."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from kerastune_ft.config.documents.problems import Problem
from kerastune_ft.config.options.phases import (
    Everything,
    Fraction,
    From,
    HeadOnly,
    Last,
    Match,
    Variables,
)
from kerastune_ft.config.read import read
from kerastune_ft.errors import ConfigError

MINIMAL: dict[str, Any] = {
    "task": {"kind": "image_classification"},
    "data": {"kind": "folder", "path": "photos"},
    "backbone": {"kind": "applications", "name": "MobileNetV2"},
    "phases": [
        {"name": "head", "unfreeze": "none", "epochs": 2, "learning_rate": 0.001},
        {"name": "top", "unfreeze": {"last": 3}, "epochs": 4, "learning_rate": 0.0001},
    ],
}

# Every form of `unfreeze`, as it is written and as it is read.
UNFREEZE = [
    ("none", HeadOnly()),
    ("all", Everything()),
    ({"last": 3}, Last(count=3)),
    ({"from": "block6"}, From(unit="block6")),
    ({"fraction": 0.3}, Fraction(share=0.3)),
    ({"match": ["a*", "b"]}, Match(globs=("a*", "b"))),
    ({"variables": ["*/gamma"]}, Variables(globs=("*/gamma",))),
]

# A configuration of two phases that a later one is compared with.
OLD: dict[str, Any] = {
    "name": "tiny",
    "task": {"kind": "image_classification"},
    "data": {"kind": "arrays", "path": "data.npz"},
    "backbone": {"kind": "applications", "name": "MobileNetV2", "weights": None},
    "phases": [
        {"name": "head", "unfreeze": "none", "epochs": 2, "learning_rate": 0.1},
        {"name": "top", "unfreeze": {"last": 2}, "epochs": 4, "learning_rate": 0.01},
    ],
}


def with_change(path: str, value: Any) -> dict[str, Any]:
    """Return the minimal document with one value set; steps are separated by dots, numbers are indices."""
    document = copy.deepcopy(MINIMAL)
    *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    holder: Any = document
    for step in way:
        holder = holder[step] if isinstance(step, int) else holder.setdefault(step, {})
    holder[last] = value
    return document


def problems_of(source: Any, overrides: list[str] | None = None) -> list[Problem]:
    """Return the problems that reading raises."""
    with pytest.raises(ConfigError) as caught:
        read(source, overrides or [])
    assert caught.value.exit_code == 2
    return list(caught.value.problems)


def messages(source: Any, overrides: list[str] | None = None) -> dict[str, str]:
    """Return the messages of the problems by place."""
    found = [one.to_json() for one in problems_of(source, overrides)]
    assert len({(one["file"], one["place"]) for one in found}) == len(found)
    return {one["place"]: one["message"] for one in found}
