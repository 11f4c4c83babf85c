from __future__ import annotations

import json
from typing import Any

import pytest

from kerastune_ft.data.dialogues.messages import MessageFaultError, are_messages, read_messages
from kerastune_ft.data.dialogues.turns import Turn
from tests.support.dialogue_files import make_messages

CHAT = make_messages("Hi", "Hello.", "And now?", "Bye.", system="Be short.")
TURNS = (
    Turn("system", "Be short."),
    Turn("user", "Hi"),
    Turn("assistant", "Hello."),
    Turn("user", "And now?"),
    Turn("assistant", "Bye."),
)
SHARE_GPT = [
    {"from": {"user": "human", "assistant": "gpt"}.get(each["role"], "system"), "value": each["content"]}
    for each in CHAT
]
PARTS = [{**each, "content": [{"type": "text", "text": each["content"]}]} for each in CHAT]


@pytest.mark.parametrize("cell", [CHAT, json.dumps(CHAT), str(CHAT), PARTS, SHARE_GPT, json.dumps(SHARE_GPT)])
def test_a_dialogue_is_read_in_every_form(cell: Any) -> None:
    found = read_messages(cell, is_answered=True)
    assert found.turns == TURNS
    assert not found.has_open_end
    assert found.is_share_gpt == ("human" in str(cell))
    assert are_messages([None, cell, ""])


def test_a_question_at_the_end_is_left_out() -> None:
    found = read_messages([*CHAT, {"role": "user", "content": "Still there?"}], is_answered=True)
    assert (found.turns, found.has_open_end) == (TURNS, True)


def test_with_a_column_of_answers_the_question_stays() -> None:
    assert read_messages(CHAT[:-1], is_answered=False).turns == TURNS[:-1]
    with pytest.raises(MessageFaultError, match=r"data\.label names another"):
        read_messages(CHAT, is_answered=False)


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ([], "has no messages"),
        (None, "has no messages"),
        ("oops", "is no list of messages"),
        ("[1", "is no list of messages"),
        ([5], "its message 1 is no object"),
        (make_messages("Hi"), "has no answer"),
        (make_messages("Hi", " \u200b "), r"its message 2 \(assistant\) is empty"),
        ([*CHAT, CHAT[-1]], r"two answers in a row \(messages 5 and 6, assistant\)"),
        ([CHAT[1], CHAT[1], CHAT[2]], r"two questions in a row \(messages 1 and 2, user\)"),
        ([CHAT[1], CHAT[0], CHAT[2]], "its message 2 is of system, which comes first"),
        ([*CHAT, {"role": "tool", "content": "{}"}], 'its message 6 is of "tool"'),
        ([{"speaker": "A", "text": "x"}], r'its message 1 has no "role" \(it has speaker, text\)'),
        ([CHAT[1], {"role": "assistant"}], 'its message 2 has no "content"'),
        ([CHAT[1], {"role": "assistant", "content": None}], r"its message 2 \(assistant\) is empty"),
        ([CHAT[1], {"role": "assistant", "content": 7}], "is no text"),
        ([CHAT[1], {"role": "assistant", "content": [{"type": "image_url"}]}], "parts that are no texts"),
    ],
)
def test_what_cannot_be_learnt_is_named(cell: Any, said: str) -> None:
    with pytest.raises(MessageFaultError, match=said):
        read_messages(cell, is_answered=True)


def test_texts_are_no_messages_unless_half_of_them_look_so() -> None:
    texts = [json.dumps(CHAT), "plain", "[1] a citation"]
    assert not are_messages(texts)
    assert not are_messages(["", None])
    assert not are_messages(["[a list]", "[another]"])
    # One that is damaged does not make plain texts of the others.
    assert are_messages([*texts[:2], json.dumps(CHAT)])
