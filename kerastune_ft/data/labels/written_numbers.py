"""Numbers as tables write them; those with a decimal comma are named and not guessed at: `1,234` may be either."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

_NUMBER = re.compile(r"[+-]?(\d+|\d{1,3}(\.\d{3})+)?,\d+")
_WHOLE = re.compile(r"[+-]?\d+")
_UNDERSCORE = "_"
REMEDY = "Write a point for the decimal comma, as 0.5 for 0,5, and no mark between thousands"


def read_number(text: str) -> float | None:
    """Return the finite number that a text is; None for anything else.

    Python reads `1_000` as a thousand, and nothing else that writes tables does: more likely it is an id.
    """
    if _UNDERSCORE in text:
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def find_remedy(texts: Iterable[str]) -> str | None:
    """Return what to write for texts that are no numbers, if they are nearly some; None for others."""
    given = list(texts)
    if any(map(has_decimal_comma, given)):
        return REMEDY
    if any(read_number(text.replace(_UNDERSCORE, "")) is not None for text in given if _UNDERSCORE in text):
        return "Write no mark between thousands, as 1000 for 1_000, which may as well be an id"
    return None


def has_decimal_comma(text: str) -> bool:
    """Tell whether a text is a number with a decimal comma, as `0,5` or `1.234,5`."""
    return _NUMBER.fullmatch(text.strip()) is not None


def have_decimal_commas(texts: Iterable[str]) -> bool:
    """Tell whether texts, but for empty ones, are numbers with decimal commas and whole numbers."""
    given = {text.strip() for text in texts if text.strip()}
    return any(map(has_decimal_comma, given)) and all(
        has_decimal_comma(text) or _WHOLE.fullmatch(text) for text in given
    )


def with_point(text: str) -> str:
    """Return a number with a decimal comma as one with a point."""
    return text.replace(".", "").replace(",", ".") if has_decimal_comma(text) else text
