"""Keys about files beside data that have none."""

from __future__ import annotations

import pytest

from kerastune_ft.config.checks.held import held_inconsistencies
from kerastune_ft.config.options.task_facts import find_facts


@pytest.mark.parametrize("kind", ["tfds", "arrays"])
@pytest.mark.parametrize(
    ("task", "refused"),
    [
        ("image_classification", ["on_bad_file", "on_missing", "window"]),
        ("text_classification", ["on_bad_file", "window"]),
        ("causal_lm", ["on_bad_file", "window"]),
        ("nonsense", ["on_bad_file", "window"]),
    ],
)
def test_empty_texts_alone_can_be_missing(kind: str, task: str, refused: list[str]) -> None:
    data = {"kind": kind, "on_bad_file": "skip", "on_missing": "skip", "window": [40, 400]}
    found = list(held_inconsistencies(data, find_facts({"kind": task})))
    assert [place[-1] for place, _ in found] == refused
    assert all(kind in message for _, message in found)
    assert not list(held_inconsistencies({**data, "kind": "folder"}, find_facts({"kind": task})))
