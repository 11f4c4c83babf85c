"""Answers to dialogues, together and as they are written."""

from __future__ import annotations

from kerastune_ft.config.options.language.tasks import Generation
from kerastune_ft.data.dialogues.turns import Turn
from tests.support.tiny_writer import make_writer


def test_dialogues_are_answered_alone_as_together():
    writer = make_writer(max_sequence_length=80)
    options = Generation(max_new_tokens=8, temperature=1.0)
    asked = [[Turn("user", "hello")], [Turn("user", "what?"), Turn("assistant", "that"), Turn("user", "why?")]]
    both = writer.answer(asked, options, 1)
    assert writer.answer(asked[1:], options, 1)[0].text == both[1].text
    assert "".join(writer.stream(asked[1], options, 1)) == both[1].text
    assert writer.find_room(options) == 72 and writer.find_room(Generation(max_new_tokens=70)) == 40
