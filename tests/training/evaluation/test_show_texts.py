"""Texts of the report are those of the data, cut where they are whole documents."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from kerastune_ft.training.evaluation.show_texts import show_texts


def test_texts_of_pairs_are_shown_and_documents_cut() -> None:
    session: Any = SimpleNamespace(source=SimpleNamespace(texts=[("a", "b"), ("x" * 10_000, "y")]))
    assert show_texts(session, [1, 0]) == [({"texts": ["x" * 4000, "y"]}, []), ({"texts": ["a", "b"]}, [])]
