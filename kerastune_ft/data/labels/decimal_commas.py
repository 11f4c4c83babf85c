"""Numbers written with a decimal comma, which are named and not guessed at: `1,234` may be either."""

from __future__ import annotations

import re
from collections.abc import Iterable

_NUMBER = re.compile(r"[+-]?(\d+|\d{1,3}(\.\d{3})+)?,\d+")
_WHOLE = re.compile(r"[+-]?\d+")
REMEDY = "Write a point for the decimal comma, as 0.5 for 0,5, and no mark between thousands"


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
