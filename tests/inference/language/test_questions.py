"""What a text asks: a question, a text to go on with, or a dialogue."""

from __future__ import annotations

import json

from kerastune_ft.data.dialogues.turns import Turn
from kerastune_ft.inference.items import Item
from kerastune_ft.inference.language.questions import read_question


def _ask(*contents: str) -> str:
    roles = ["user", "assistant"] * len(contents)
    return json.dumps([{"role": role, "content": text} for role, text in zip(roles, contents, strict=False)])


def test_a_text_is_a_question_or_a_beginning():
    item = Item("a", texts=("hello",))
    assert read_question(item, "user").turns == (Turn("user", "hello"),)
    assert read_question(item, "text").turns == (Turn("text", "hello"),)


def test_of_messages_the_last_answer_is_what_is_asked_for():
    asked = (Turn("user", "a"), Turn("assistant", "b"), Turn("user", "c"))
    for text in (_ask("a", "b", "c"), _ask("a", "b", "c", "d")):
        assert read_question(Item("a", texts=(text,)), "user").turns == asked


def test_faults_are_problems_of_the_row():
    bad = read_question(Item("a", texts=(_ask("a", ""),)), "user")
    assert "message 2 (assistant) is empty" in str(bad.item.problem) and bad.turns == ()
    known = Item("a", problem="is empty")
    assert read_question(known, "user").item is known
    assert read_question(Item("a", texts=("[1, 2] is no list of messages",)), "user").item.problem is None
