"""Printing a configuration as a person would write it: short objects on one line, commented ones on several."""

from __future__ import annotations

import json
from typing import Any

_WIDTH = 110


def as_text(value: Any, indent: str = "") -> str:
    """Return a value as JSON; what is short and has no comments stays on one line."""
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or not value or (len(indent + line) <= _WIDTH and not _has_comments(value)):
        return line
    inner = indent + "  "
    if isinstance(value, list):
        return "[\n" + ",\n".join(inner + as_text(item, inner) for item in value) + f"\n{indent}]"
    items = (f"{inner}{json.dumps(key, ensure_ascii=False)}: {as_text(item, inner)}" for key, item in value.items())
    return "{\n" + ",\n".join(items) + f"\n{indent}}}"


def _has_comments(value: Any) -> bool:
    if isinstance(value, dict):
        return any(key.startswith("//") or _has_comments(item) for key, item in value.items())
    return isinstance(value, list) and any(map(_has_comments, value))
