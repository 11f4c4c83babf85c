"""What is asked of a model that writes: a text to go on with, a question, or the turns of a dialogue."""

from __future__ import annotations

from dataclasses import dataclass

from kerastune_ft.data.dialogues.messages import MessageFaultError, are_messages, read_messages
from kerastune_ft.data.dialogues.turns import Dialogue, Role, Turn
from kerastune_ft.inference.items import Item


@dataclass(frozen=True)
class Question:
    """An item with the turns that are to be answered; none where it has a problem."""

    item: Item
    turns: Dialogue = ()


def read_question(item: Item, role: Role) -> Question:
    """Return the question that the text of an item asks; `role` is that of a text which is no list of messages.

    Of messages whose last is an answer, that one is left out: it is what the model is asked for.
    """
    if item.texts is None or item.problem is not None:
        return Question(item)
    (text,) = item.texts
    if not are_messages([text]):
        return Question(item, (Turn(role, text),))
    try:
        return Question(item, _read_turns(text))
    except MessageFaultError as fault:
        return Question(Item(item.name, problem=str(fault)))


def _read_turns(text: str) -> Dialogue:
    try:
        return read_messages(text, is_answered=False).turns
    except MessageFaultError:
        found = read_messages(text, is_answered=True)
        return found.turns[:-1]
