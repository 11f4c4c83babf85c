"""What a cross-validation refuses before anything is computed."""

from __future__ import annotations

from typing import Any

import pytest

from kerastune_ft.api.folds import check
from kerastune_ft.config.read import read
from kerastune_ft.errors import ConfigError

DOCUMENT: dict[str, Any] = {
    "task": {"kind": "image_classification"},
    "data": {"kind": "folder", "path": "photos"},
    "backbone": {"kind": "applications", "name": "MobileNet"},
    "phases": "head",
}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"refit": True}, "a refit trains on these"),
        ({"phases": "auto"}, "chooses on one validation split, .*; write the phases"),
        ({"runtime": {"strategy": "multi_worker"}}, "a cross-validation runs in one process"),
        ({"task": {"kind": "image_classification", "unknown": 0.9}}, "remove task.unknown"),
        ({"output": {"mirror": "copies"}}, "not copied to a mirror"),
    ],
)
def test_keys_that_contradict_it(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        check(read({**DOCUMENT, **change}), 5, 1)
    check(read(DOCUMENT), 5, 1)


@pytest.mark.parametrize(("folds", "seeds", "said"), [(1, 1, "give at least 2"), (5, 0, "give at least 1")])
def test_numbers(folds: int, seeds: int, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        check(read(DOCUMENT), folds, seeds)
