"""Dialogues in memory: lists of messages, which a table holds as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

# Where a message says who speaks.
_WHO = ("role", "from")


def is_message(value: Any) -> bool:
    """Return whether a value is a message, as `{"role": "user", "content": "..."}`, or as ShareGPT writes it."""
    return isinstance(value, Mapping) and any(key in value for key in _WHO)


def is_dialogue(value: Any) -> bool:
    """Return whether a value is a list of messages; an empty one may be."""
    return isinstance(value, list | tuple | np.ndarray) and all(map(is_message, value))


def write_dialogue(value: Any, place: str) -> str:
    """Return the JSON of a list of messages; what is no text in them is said where the table is read."""
    return json.dumps([dict(message) for message in value], ensure_ascii=False, default=str)
