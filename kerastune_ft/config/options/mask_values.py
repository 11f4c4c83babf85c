"""What stands for a class in masks, as task.classes writes it: a number, a range of numbers, or a colour."""

from __future__ import annotations

import re

LARGEST_VALUE = 65535
COLOUR = 1 << 24
"""The colour #rrggbb as a value of a pixel is this plus 65536 r + 256 g + b, beyond every number that a file holds."""
BORDER = 1 << 25
"""The value of pixels that `task.border` makes a class of their own."""

FORMS = (
    f"write whole numbers from 0 to {LARGEST_VALUE}, ranges of them for masks that number objects, or the colours of "
    'colour-coded masks, as  "classes": {"0": "background", "255": "cell"},  {"0": "background", "1-65535": "cell"}  '
    'or  {"#000000": "background", "#ff0000": "cell"}'
)
"""What to write where a text stands for no value."""

_COLOUR = re.compile(r"#([0-9a-fA-F]{6})")
_RANGE = re.compile(r"([0-9]{1,5})-([0-9]{1,5})")


def parse_values(text: str) -> range | None:
    """Return the values that a text stands for, as "255", "1-65535" or "#ff0000"; None for any other text."""
    if colour := _COLOUR.fullmatch(text):
        value = COLOUR + int(colour[1], 16)
        return range(value, value + 1)
    if span := _RANGE.fullmatch(text):
        first, last = int(span[1]), int(span[2])
        return range(first, last + 1) if first < last <= LARGEST_VALUE else None
    # `int` would also take "-1", " 1" and "1_0".
    if text.isascii() and text.isdecimal() and int(text) <= LARGEST_VALUE:
        return range(int(text), int(text) + 1)
    return None


def write_value(value: int) -> str:
    """Return a value as a text that `parse_values` takes."""
    return f"#{value - COLOUR:06x}" if COLOUR <= value < BORDER else str(value)


def is_colour(text: str) -> bool:
    """Return whether a text stands for a colour."""
    return _COLOUR.fullmatch(text) is not None
