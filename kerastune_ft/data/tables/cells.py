"""Cells of typed files as the texts a person expects: 7, not 7.0."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


def cell_text(cell: Any) -> str | None:
    """Return a cell as text without blanks around it: null is empty, true is 1; None where no text can stand for it."""
    if isinstance(cell, str):
        return _unicode(cell.strip())
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, bytes):
        return _decode(cell)
    if isinstance(cell, list | tuple | Mapping):
        return None
    # NumPy's own float32 is no float, and prints as short as it is exact.
    if isinstance(cell, float) or hasattr(cell, "dtype"):
        return _number(cell)
    return str(cell)


def _number(value: Any) -> str:
    if math.isnan(value):
        return ""
    return str(int(value)) if math.isfinite(value) and value == int(value) else str(value)


def _decode(cell: bytes) -> str | None:
    try:
        return cell.decode().strip()
    except UnicodeDecodeError:
        return None


def _unicode(text: str) -> str | None:
    # JSON can spell half a character, which no file name or label can hold.
    return text if text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text) else None
