"""Texts in which nothing is to be seen: empty ones, blanks, and characters without a shape of their own."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from kerastune_ft.rules import NEWEST, Rules

# Controls, formatting (zero-width characters, byte order marks, soft hyphens, directions), separators, halves.
_UNSEEN = ("Cc", "Cf", "Cs", "Zs", "Zl", "Zp")
# Letters and marks by their category that have no shape: fillers of Hangul, the blank of Braille, joiners, selectors.
SHAPELESS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0") | {
    chr(code) for code in (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))
}
_SHOWN = 5


def is_blank(text: str, rules: Rules = NEWEST) -> bool:
    """Return whether nothing of a text is to be seen; by earlier rules, whether it is empty or white space alone."""
    if not text.strip():
        return True
    # Nearly every text begins with a letter, and the first one that is seen ends the search.
    return rules.invisible_texts_are_empty and all(map(_is_unseen, text))


def explain_blank(texts: Iterable[str]) -> str:
    """Return why an example has no text, as `its text is empty`, from its texts, of which one is blank."""
    found = [text for text in texts if is_blank(text)]
    if any(not text.strip() for text in found):
        return "its text is empty"
    codes = list(dict.fromkeys(f"U+{ord(letter):04X}" for letter in "".join(found) if not letter.isspace()))
    more = ", ..." if len(codes) > _SHOWN else ""
    return f"its text has only invisible characters ({', '.join(codes[:_SHOWN])}{more})"


def _is_unseen(letter: str) -> bool:
    return letter in SHAPELESS or unicodedata.category(letter) in _UNSEEN
