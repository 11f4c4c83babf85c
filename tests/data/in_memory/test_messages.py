from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from kerastune_ft.data.dialogues.messages import read_messages
from kerastune_ft.data.in_memory.messages import is_dialogue, is_message, write_dialogue
from tests.support.dialogue_files import make_messages

CHAT = make_messages("Are you open? 😀", "From ten.")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (CHAT, True),
        (tuple(CHAT), True),
        (np.array(CHAT, dtype=object), True),
        ([{"from": "human", "value": "a"}], True),
        ([], True),
        (["a"], False),
        ([{"array": [0.0], "sampling_rate": 1}], False),
        ("role", False),
    ],
)
def test_dialogues_are_lists_of_messages(value: Any, expected: bool) -> None:
    assert is_dialogue(value) is expected


def test_a_message_says_who_speaks() -> None:
    assert is_message(CHAT[0]) and not is_message(CHAT) and not is_message({"content": "a"})


def test_what_is_written_is_read_again() -> None:
    text = write_dialogue(np.array(CHAT, dtype=object), "here")
    assert json.loads(text) == CHAT and "😀" in text
    assert [turn.content for turn in read_messages(text, is_answered=True).turns] == ["Are you open? 😀", "From ten."]
