"""Image sizes: one number for a square, or height and width."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from kerastune_ft.config.options.base import problem


def _is_length(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 8192


def _as_pair(value: Any) -> Any:
    if _is_length(value):
        return (value, value)
    if isinstance(value, list | tuple) and len(value) == 2 and all(map(_is_length, value)):
        return tuple(value)
    raise problem("give one number from 1 to 8192 for a square, or [height, width]")


def _shorten(size: tuple[int, int]) -> int | list[int]:
    return size[0] if size[0] == size[1] else list(size)


ImageSize = Annotated[
    tuple[int, int],
    BeforeValidator(_as_pair),
    PlainSerializer(_shorten),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": 8192},
                {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 2, "maxItems": 2},
            ]
        }
    ),
]
