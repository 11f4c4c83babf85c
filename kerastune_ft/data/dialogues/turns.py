"""The turns of a dialogue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Role = Literal["system", "user", "assistant", "text", "part"]
"""Who says something; a `text` is no part of a dialogue and is learnt whole, a `part` is one that another follows."""


_PLAIN: tuple[Role, ...] = ("text", "part")
_OPEN: tuple[Role, ...] = ("part",)
_INSTRUCTIONS: tuple[Role, ...] = ("system",)
_QUESTIONS: tuple[Role, ...] = ("user",)
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
    def goes_on(self) -> bool:
        """Return whether it is a part of a text that does not end with it."""
        return self.role in _OPEN

    @property
    def is_instruction(self) -> bool:
        """Return whether it tells the model how to answer."""
        return self.role in _INSTRUCTIONS

    @property
    def is_question(self) -> bool:
        """Return whether it is what a person says."""
        return self.role in _QUESTIONS

    @property
    def is_answer(self) -> bool:
        """Return whether it is what the model is to say."""
        return self.role in _ANSWERS


Dialogue = tuple[Turn, ...]
"""The turns of an example in order, the answers to learn among them."""


def make_pair(prompt: str, response: str) -> Dialogue:
    """Return the dialogue of a question and its answer."""
    return Turn("user", prompt), Turn("assistant", response)


def list_contents(turns: Sequence[Turn]) -> tuple[str, ...]:
    """Return the texts that turns are known by: that of a lone question, else roles and contents in turn."""
    if len(turns) == 1 and turns[0].role == "user":
        return (turns[0].content,)
    return tuple(text for turn in turns for text in (turn.role, turn.content))


def write_turns(turns: Sequence[Turn]) -> str:
    """Return turns as one text for people: that of a lone one, else a line for each that begins with its role."""
    if len(turns) == 1:
        return turns[0].content
    return "\n".join(f"{turn.role}: {turn.content}" for turn in turns)
