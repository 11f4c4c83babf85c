from __future__ import annotations

import pytest

from kerastune_ft.data.texts.blank import explain_blank, is_blank
from kerastune_ft.rules import FIRST

INVISIBLE = (
    "\u200b",
    "\u200b\u200d",
    "\ufeff",
    "\u00ad",
    "\x07",
    "\u202e\u202c",
    " \u2060 ",
    "\u3164",
    "\u2800",
    "\ufe0f",
)


@pytest.mark.parametrize("text", INVISIBLE)
def test_characters_without_a_shape_are_no_text(text: str) -> None:
    assert is_blank(text)
    assert not is_blank(f"{text}a{text}")
    assert not is_blank(text, FIRST)


@pytest.mark.parametrize("text", ["a", ".", "\u0301", "😀", "\ue000", "ก", "\u200bя", "-"])
def test_anything_that_is_seen_is_a_text(text: str) -> None:
    assert not is_blank(text)


@pytest.mark.parametrize("text", ["", " ", "\t\n", "\u3000"])
def test_white_space_is_empty_by_every_rule(text: str) -> None:
    assert is_blank(text)
    assert is_blank(text, FIRST)


def test_the_reason_names_the_characters() -> None:
    assert explain_blank(["fine", "  "]) == "its text is empty"
    assert explain_blank(["\u200b\u200b \ufeff"]) == "its text has only invisible characters (U+200B, U+FEFF)"
    assert explain_blank(["".join(map(chr, range(0xFE00, 0xFE10)))]).endswith("U+FE04, ...)")
