"""Cells that hold a dialogue: lists of messages with a role and a content, as chat programs write them."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from kerastune_ft.data.dialogues.turns import Dialogue, Role, Turn
from kerastune_ft.data.tables.cells import cell_text
from kerastune_ft.data.texts.blank import is_blank
from kerastune_ft.rules import NEWEST, Rules
from kerastune_ft.wording import first_names

# As OpenAI and most others write it, and as ShareGPT does.
KEYS = (("role", "content"), ("from", "value"))
"""Where a message says who speaks, and what."""
_ROLES: Mapping[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "bot": "assistant",
    "model": "assistant",
}
_KNOWN = "system, user and assistant"
_NAMES: Mapping[Role, str] = {"user": "questions", "assistant": "answers"}


class MessageFaultError(ValueError):
    """A cell holds no dialogue that can be learnt; the message says why, and what to write."""


@dataclass(frozen=True)
class Messages:
    """The dialogue that a cell holds."""

    turns: Dialogue
    """All turns up to the last answer, or all where none is given."""
    is_share_gpt: bool
    """Whether messages have `from` and `value`."""
    has_open_end: bool
    """Whether a question without an answer stood at the end and was left out."""


NO_MESSAGES = "has no messages"
"""What is wrong with an empty list."""


def are_messages(cells: Iterable[Any]) -> bool:
    """Tell whether cells are lists of messages: lists, or texts of which half at least are lists with roles."""
    given = [cell for cell in cells if cell is not None and cell != ""]
    if any(isinstance(cell, list | tuple) for cell in given):
        return True
    texts = [cell.strip() for cell in given if isinstance(cell, str)]
    marks = [f"{quote}{who}{quote}" for who, _ in KEYS for quote in "\"'"]
    found = [text for text in texts if text[:1] == "[" and any(mark in text for mark in marks)]
    return bool(found) and 2 * len(found) >= len(texts)


def read_messages(cell: Any, *, is_answered: bool, rules: Rules = NEWEST) -> Messages:
    """Return the dialogue of a cell; raise MessageFaultError for one that cannot be learnt.

    With `is_answered` the last answer is to be among the messages; else it stands elsewhere, and they end with a
    question.
    """
    found = _read_list(cell)
    if not found:
        raise MessageFaultError(NO_MESSAGES)
    keys = next((keys for keys in KEYS if isinstance(found[0], Mapping) and keys[0] in found[0]), KEYS[0])
    turns = [_read_turn(message, f"its message {number}", keys) for number, message in enumerate(found, start=1)]
    for number, turn in enumerate(turns, start=1):
        if is_blank(turn.content, rules):
            raise MessageFaultError(f"its message {number} ({turn.role}) is empty; write it, or take the dialogue out")
    _check_order(turns)
    has_open_end = turns[-1].role != "assistant"
    if not is_answered:
        if not has_open_end:
            raise MessageFaultError("ends with an answer, and data.label names another; remove label or that message")
        return Messages(tuple(turns), keys == KEYS[1], False)
    if all(turn.role != "assistant" for turn in turns):
        raise MessageFaultError("has no answer (assistant), so that there is nothing to learn; write one")
    return Messages(tuple(turns[: len(turns) - has_open_end]), keys == KEYS[1], has_open_end)


def _read_list(cell: Any) -> Sequence[Any]:
    """Return the items of a list, or of a text that JSON or Python writes a list as."""
    if isinstance(cell, list | tuple):
        return cell
    text = cell_text(cell)
    if not text:
        return ()
    for read in (json.loads, ast.literal_eval):
        try:
            found = read(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        if isinstance(found, list | tuple):
            return found
    raise MessageFaultError(
        'is no list of messages; write it as JSON, as [{"role": "user", "content": "..."}, {"role": "assistant", '
        '"content": "..."}]'
    )


def _read_turn(message: Any, place: str, keys: tuple[str, str]) -> Turn:
    who, what = keys
    if not isinstance(message, Mapping):
        raise MessageFaultError(f'{place} is no object; write {{"{who}": "user", "{what}": "..."}}')
    if who not in message or what not in message:
        there = first_names([str(key) for key in message]) or "nothing"
        raise MessageFaultError(
            f'{place} has no "{who if who not in message else what}" (it has {there}); write "{who}" and "{what}"'
        )
    role = _ROLES.get(str(message[who]).strip().casefold())
    if role is None:
        raise MessageFaultError(
            f'{place} is of "{str(message[who])[:40]}", and messages are of {_KNOWN}; write one of these, or join '
            "it to the message before"
        )
    return Turn(role, _read_content(message[what], place, what))


def _read_content(content: Any, place: str, key: str) -> str:
    """Return a text, or the texts of a list of parts."""
    if content is None:
        return ""
    if isinstance(content, str):
        return cell_text(content) or ""
    if isinstance(content, list | tuple) and all(isinstance(part, Mapping) for part in content):
        texts = [part.get("text") for part in content]
        if all(isinstance(text, str) for text in texts):
            return "\n".join(texts).strip()
        raise MessageFaultError(f'{place} has parts that are no texts; "{key}" is to be text alone')
    raise MessageFaultError(f'{place} has a "{key}" that is no text; write a text in quotes')


def _check_order(turns: Sequence[Turn]) -> None:
    """Raise MessageFaultError where two turns of one side follow each other, or instructions come late."""
    for number, (before, turn) in enumerate(pairwise(turns), start=1):
        if turn.role == "system":
            raise MessageFaultError(
                f"its message {number + 1} is of system, which comes first or not at all; move it, or join it to the "
                "question after it"
            )
        if before.role == turn.role:
            raise MessageFaultError(
                f"has two {_NAMES[turn.role]} in a row (messages {number} and {number + 1}, {turn.role}); join them "
                "into one"
            )
