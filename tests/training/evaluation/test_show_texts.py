"""Texts of the report are those of the data, cut where they are whole documents."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from kerastune_ft.reporting.page.shown_examples import split_text
from kerastune_ft.training.evaluation.show_texts import show_texts


def make_session(texts: list[tuple[str, ...]], read: int) -> Any:
    """A session whose model reads so many characters of each text."""
    seen = [{"read": [min(read, len(text)) for text in own], "of": list(map(len, own))} for own in texts]
    loader = SimpleNamespace(describe_inputs=lambda indices: [seen[index] for index in indices])
    return SimpleNamespace(source=SimpleNamespace(texts=texts), loader=loader)


def test_texts_of_pairs_are_shown_and_documents_cut() -> None:
    session = make_session([("a", "b"), ("x" * 10_000, "y")], 500)
    assert show_texts(session, [1, 0]) == [({"texts": ["x" * 4000, "y"]}, []), ({"texts": ["a", "b"]}, [])]


def test_of_a_document_that_was_read_far_the_place_where_it_ends_is_shown() -> None:
    text = " ".join(f"word{number}" for number in range(2000))
    ((about, _),) = show_texts(make_session([(text,)], 9000), [0])
    (shown,) = about["texts"]
    assert text.startswith(shown) and 9000 < len(shown) < len(text)
    pieces = split_text(shown, 9000, len(text))
    assert [piece.kind for piece in pieces] == ["read", "omitted", "read", "unread", "omitted"]
    assert text[:9000].endswith(pieces[2].text) and text[9000:].startswith(pieces[3].text)
