"""The turns of a dialogue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["system", "user", "assistant", "text"]
"""Who says something; a `text` is no part of a dialogue, and is learnt whole."""


_PLAIN: tuple[Role, ...] = ("text",)
_ANSWERS: tuple[Role, ...] = ("assistant",)


@dataclass(frozen=True)
class Turn:
    """What one side of a dialogue says."""

    role: Role
    content: str

    @property
    def is_plain(self) -> bool:
        """Return whether it is a text that is no part of a dialogue."""
        return self.role in _PLAIN

    @property
    def is_answer(self) -> bool:
        """Return whether it is what the model is to say."""
        return self.role in _ANSWERS


Dialogue = tuple[Turn, ...]
"""The turns of an example in order, the answers to learn among them."""


def make_pair(prompt: str, response: str) -> Dialogue:
    """Return the dialogue of a question and its answer."""
    return Turn("user", prompt), Turn("assistant", response)
