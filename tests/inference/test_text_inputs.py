from __future__ import annotations

import io
from pathlib import Path

import pytest

from kerastune_ft.data.walk import TEXTS
from kerastune_ft.inference.inputs import Reading
from kerastune_ft.inference.text_inputs import text_listings


def _lines(content: bytes, parts: int = 1, own: str | tuple[str, str] | None = None) -> list[tuple]:
    how = Reading(None, own, None, TEXTS, Path("cache"), print)
    (listing,) = text_listings([io.BytesIO(content)], how, parts)
    return [item.texts or (item.name, item.problem) for item in listing.items]


def test_every_line_of_standard_input_has_its_row() -> None:
    found = _lines("\ufeffso good\r\n\n  \nça va\n".encode() + b"\xff")
    empty = "its text is empty"
    assert found == [
        ("so good",), ("line 2", empty), ("line 3", empty), ("ça va",), ("line 5", "is no UTF-8 text"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("one\ttwo", ("one", "two")),
        ("one", ("one", "is 1 text; a pair has two, with a tab between them")),
        ('{"a": "one", "b": "two"}', ("one", "two")),
        ('{"a": "one", "b": " "}', ("line 1", "its text is empty")),
        ('{"a": "one"', ("line 1", "is no JSON object: Expecting ',' delimiter: line 1 column 12 (char 11)")),
    ],
)
def test_a_line_holds_a_pair(line: str, expected: tuple) -> None:
    assert _lines(line.encode(), 2, ("a", "b")) == [expected]
