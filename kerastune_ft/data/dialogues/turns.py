"""The turns of a dialogue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["system", "user", "assistant", "text"]
"""Who says something; a `text` is no part of a dialogue, and is learnt whole."""


@dataclass(frozen=True)
class Turn:
    """What one side of a dialogue says."""

    role: Role
    content: str


Dialogue = tuple[Turn, ...]
"""The turns of an example in order, the answers to learn among them."""


def make_pair(prompt: str, response: str) -> Dialogue:
    """Return the dialogue of a question and its answer."""
    return Turn("user", prompt), Turn("assistant", response)
