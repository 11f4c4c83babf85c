"""Parsing and printing numbers of bytes such as 20GB, 1.5 TB and 500MiB."""

from __future__ import annotations

import math
import re
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from kerastune_ft.config.options.base import problem

_BYTES = {
    **{unit: 1000**power for power, unit in enumerate(("b", "kb", "mb", "gb", "tb"))},
    **{unit: 1024**power for power, unit in enumerate(("kib", "mib", "gib", "tib"), start=1)},
}
_WRITTEN = re.compile(r"(\d+(?:\.\d+)?) ?([a-z]+)")
_WANTED = "write a number of bytes, or text like 20GB, 1.5TB or 500MiB"


def parse_bytes(text: str) -> int:
    """Return the bytes of a text like `20GB`; kB, MB, GB and TB are powers of 1000, KiB to TiB of 1024.

    Raises ValueError, with a remedy, for any other text.

    >>> parse_bytes("1.5 MB")
    1500000
    """
    found = _WRITTEN.fullmatch(text.strip().lower())
    if found is None or found[2] not in _BYTES:
        raise ValueError(_WANTED)
    amount = float(found[1]) * _BYTES[found[2]]
    if amount < 1:
        raise ValueError('that is less than 1 byte; write an amount like 20GB, or "cache": "off" to store nothing')
    if not math.isfinite(amount):
        raise ValueError(_WANTED)
    return int(amount)


def size_text(count: int) -> str:
    """Return a number of bytes as text, in powers of 1000.

    >>> size_text(1_540_000)
    '1.5 MB'
    """
    for unit in ("TB", "GB", "MB", "kB"):
        # 999,950 would read as 1000.0 kB: it belongs to the next unit already.
        if count >= 0.99995 * _BYTES[unit.lower()]:
            return f"{count / _BYTES[unit.lower()]:.1f} {unit}"
    return f"{count} B"


def _check(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise problem(_WANTED)
    if isinstance(value, int) and value < 1:
        raise problem('write at least 1, or "cache": "off" to store nothing')
    if isinstance(value, str):
        try:
            parse_bytes(value)
        except ValueError as error:
            raise problem(str(error)) from error
    return value


SIZE_SCHEMA = {"type": "string", "pattern": r"^\s*[0-9]+(\.[0-9]+)? ?([kKmMgGtT][iI]?)?[bB]\s*$"}
"""The JSON schema of a size as text."""

ByteSize = Annotated[
    int | str,
    BeforeValidator(_check),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1}, SIZE_SCHEMA]}),
]
