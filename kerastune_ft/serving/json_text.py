"""JSON from strangers: what takes far more memory as objects than as text, or is nested without end, is not parsed."""

from __future__ import annotations

import json
import re
from typing import Any

from kerastune_ft.serving.refusal import BAD_REQUEST, Refusal

# What any request of the two protocols has at most, beside what stands in its texts.
DEEPEST, MOST_VALUES = 16, 20_000
# Without a way back, and to the end where a text has none: otherwise one of marks alone takes time by its square.
_TEXTS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)


def parse_json(data: bytes) -> Any:
    """Return the value of a JSON text in UTF-8; raise Refusal for what is none, or is nested or split up too far."""
    _check_structure(data)
    try:
        return json.loads(data.decode("utf-8"))
    except UnicodeDecodeError:
        raise Refusal(BAD_REQUEST, "JSON Parse error: the body is not UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise Refusal(BAD_REQUEST, f"JSON Parse error: {str(error)[:200]}") from None


def _check_structure(data: bytes) -> None:
    # An empty list takes three bytes as text, and sixty in memory.
    if data.count(b"[") + data.count(b"{") <= DEEPEST and data.count(b",") <= MOST_VALUES:
        return
    bare = _TEXTS.sub(b"", data)
    if bare.count(b",") + bare.count(b"[") + bare.count(b"{") > MOST_VALUES:
        raise Refusal(BAD_REQUEST, f"JSON Parse error: more than {MOST_VALUES:,} values")
    depth = 0
    for mark in re.findall(rb"[][{}]", bare):
        depth += 1 if mark in b"[{" else -1
        if depth > DEEPEST:
            raise Refusal(BAD_REQUEST, f"JSON Parse error: nested deeper than {DEEPEST}")
