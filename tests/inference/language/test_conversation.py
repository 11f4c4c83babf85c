"""A conversation: what was said is kept as long as there is room."""

from __future__ import annotations

import pytest

from kerastune_ft.config.options.language.tasks import Generation
from kerastune_ft.data.dialogues.turns import Turn
from kerastune_ft.generation.dialogue_writer import DialogueWriter
from kerastune_ft.inference.language.conversation import Conversation
from tests.support.tiny_writer import make_writer

OPTIONS = Generation(max_new_tokens=8, temperature=1.0)


@pytest.fixture(scope="module")
def writer() -> DialogueWriter:
    return make_writer(max_sequence_length=128)


def test_answers_are_part_of_the_next_question(writer: DialogueWriter):
    talk = Conversation(writer, OPTIONS, 1, "be kind")
    first = "".join(talk.ask("hello")).strip()
    assert talk.turns == (Turn("system", "be kind"), Turn("user", "hello"), Turn("assistant", first))
    second = "".join(talk.ask("why?")).strip()
    asked = [*talk.turns[:-1]]
    assert second == writer.answer([asked], OPTIONS, 1)[0].text.strip()
    assert len(talk.turns) == 5 and talk.dropped == 0


def test_old_turns_make_room_and_instructions_stay(writer: DialogueWriter):
    talk = Conversation(writer, OPTIONS, 1, "be kind")
    for number in range(3):
        list(talk.ask(f"question {number} " + "x" * 25))
    assert talk.dropped > 0
    assert talk.turns[0] == Turn("system", "be kind") and talk.turns[1].role == "user"
    talk.reset()
    assert talk.turns == (Turn("system", "be kind"),)


def test_an_answer_that_is_not_read_to_its_end_is_kept_as_far_as_it_was(writer: DialogueWriter):
    talk = Conversation(writer, OPTIONS, 1)
    parts = talk.ask("hello")
    first = next(parts)
    parts.close()
    assert talk.turns == (Turn("user", "hello"), Turn("assistant", first.strip()))
    parts = talk.ask("more")
    parts.close()
    # Nothing was asked of the model yet.
    assert len(talk.turns) == 2
