"""The option that says how much memory of each GPU a run takes."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from kerastune_ft.config.options.base import problem
from kerastune_ft.config.options.byte_sizes import SIZE_SCHEMA, parse_bytes, size_text

GROW, ALL = "grow", "all"
# TensorFlow's own buffers and the libraries of a GPU take that much; a smaller number was meant in another unit.
_LEAST = 256 * 2**20
_WANTED = 'write "grow", "all", or a size as text like 8GB, or in bytes'


def gpu_bytes(value: str | int) -> int | None:
    """Return the bytes that a checked value allows on each GPU, or None for the words."""
    if isinstance(value, int):
        return value
    return None if value in (GROW, ALL) else parse_bytes(value)


def _check(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise problem(_WANTED)
    try:
        size = gpu_bytes(value)
    except ValueError as error:
        raise problem(_WANTED) from error
    if size is not None and size < _LEAST:
        raise problem(f"{size_text(size) if size > 0 else size} is too little to compute in; {_WANTED}")
    return value


GpuMemory = Annotated[
    int | str,
    BeforeValidator(_check),
    WithJsonSchema({"anyOf": [{"enum": [GROW, ALL]}, {"type": "integer", "minimum": _LEAST}, SIZE_SCHEMA]}),
]
