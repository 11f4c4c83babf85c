"""What answers the examples of a session: nothing where its model writes none, or its examples ask nothing."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from kerastune_ft.training.writing.answerers import ANSWERERS, find_kind


def _session(generator: Any, texts: list[str], **entries: Any) -> Any:
    return SimpleNamespace(
        task=SimpleNamespace(generator=generator),
        loader=SimpleNamespace(plan_entry=lambda: {"text": None, "sound": None, **entries}),
        source=SimpleNamespace(label_texts=texts),
    )


def test_examples_are_answered_as_their_entry_of_the_plan_says():
    for kind in ANSWERERS:
        assert find_kind(_session(object(), ["a", "b"], **{kind: {"limit": 1}})) == kind
    assert find_kind(_session(object(), ["a"], text={})) is None


def test_a_model_without_generator_and_texts_without_answers_are_left_alone():
    assert find_kind(_session(None, ["a"], language={"limit": 1})) is None
    assert find_kind(_session(object(), ["a", ""], language={"limit": 1})) is None
