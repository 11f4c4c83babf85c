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


def test_keys_that_contradict_it() -> None:
    with pytest.raises(ConfigError, match="a cross-validation runs in one process"):
        check(read({**DOCUMENT, "runtime": {"strategy": "multi_worker"}}), 5, 1)
    check(read(DOCUMENT), 5, 1)


@pytest.mark.parametrize(("folds", "seeds", "said"), [(1, 1, "give at least 2"), (5, 0, "give at least 1")])
def test_numbers(folds: int, seeds: int, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        check(read(DOCUMENT), folds, seeds)


def test_texts_have_no_mean() -> None:
    data = {"kind": "table", "path": "chats.jsonl", "input": "prompt", "label": "response"}
    document = {"task": {"kind": "causal_lm"}, "data": data, "backbone": {"kind": "keras_hub", "preset": "a"}}
    with pytest.raises(ConfigError, match="texts, as causal_lm writes them, have no mean"):
        check(read({**document, "phases": "full"}), 2, 1)
