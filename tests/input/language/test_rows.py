from __future__ import annotations

import numpy as np
import pytest

from kerastune_ft.data.dialogues.turns import Dialogue, Turn
from kerastune_ft.input.language.control_tokens import ControlTokens
from kerastune_ft.input.language.language_loader import DialogueSettings
from kerastune_ft.input.language.rows import pack_dialogues
from kerastune_ft.input.language.template import choose_template
from tests.support.chat_tokenizers import make_bytes, make_chat_pieces, make_input, read_back

GIVEN = make_input(make_bytes())
CHAT: Dialogue = (
    Turn("user", "A long question, " * 6),
    Turn("assistant", "First."),
    Turn("user", "Another question?"),
    Turn("assistant", "The last answer."),
)


def make_settings(limit: int, learns_all: bool = False) -> DialogueSettings:
    template = choose_template("plain", GIVEN, ControlTokens(GIVEN.tokenizer))
    return DialogueSettings(GIVEN, template, learns_all, limit, (limit,))


def test_the_target_of_a_position_is_the_token_after_it() -> None:
    rows = make_settings(256).pack([CHAT, CHAT[2:]])
    inputs, targets = rows.pad(np.array([1, 0]), 256, 0)
    for place, number in enumerate((1, 0)):
        ids, learnt = rows.read(number)
        length = len(ids) - 1
        assert inputs["token_ids"][place, :length].tolist() == ids[:-1].tolist()
        assert targets["labels"][place, :length].tolist() == ids[1:].tolist()
        assert targets["weights"][place, :length].tolist() == learnt[1:].tolist()
        assert inputs["padding_mask"][place].tolist() == [1] * length + [0] * (256 - length)
        assert not targets["weights"][place, length:].any()
    learnt_text = read_back(GIVEN.tokenizer, rows.read(1)[0][rows.read(1)[1] > 0])
    assert learnt_text == " The last answer.\x03"


@pytest.mark.parametrize("learns_all", [False, True])
def test_what_is_too_long_keeps_its_last_answer_and_is_counted(learns_all: bool) -> None:
    whole = make_settings(512, learns_all).pack([CHAT, CHAT[2:]])
    cut = make_settings(48, learns_all).pack([CHAT, CHAT[2:]])
    ids, learnt = cut.read(0)
    assert len(ids) == 49
    assert ids[0] == GIVEN.start[0]
    assert read_back(GIVEN.tokenizer, ids).endswith("Assistant: The last answer.\x03")
    assert cut.lost.tolist() == [len(whole.read(0)[0]) - 49, len(whole.read(1)[0]) - 49]
    assert cut.lost_answer[0] == int(whole.read(0)[1].sum()) - int(learnt.sum())
    assert cut.lost_end.tolist() == [0, 0], "what was cut is of earlier answers"
    assert whole.lost.tolist() == whole.lost_end.tolist() == [0, 0]


def test_an_answer_that_is_too_long_by_itself_loses_its_end() -> None:
    long = (Turn("user", "Why?"), Turn("assistant", "So it is, " * 20))
    rows = make_settings(64).pack([long])
    ids, learnt = rows.read(0)
    assert 0 < rows.lost_end[0] == rows.lost_answer[0] < rows.lost[0]
    text = read_back(GIVEN.tokenizer, ids)
    assert text.startswith("\x02") and ": So it is, So" in text
    assert learnt[-1] == 1
    assert len(ids) == 65


def test_plain_texts_lose_their_end() -> None:
    ids = np.arange(10, 30, dtype=np.int32)
    rows = pack_dialogues([(ids, np.ones(20, np.uint8))], 7, 0)
    assert rows.read(0)[0].tolist() == ids[:8].tolist()
    assert (rows.lost.tolist(), rows.lost_answer.tolist()) == ([12], [12])


def test_a_dialogue_has_the_tokens_that_its_text_has_as_a_whole() -> None:
    """With a tokenizer that sets a space before texts: one before the first of them, and none within."""
    given = make_input(make_chat_pieces())
    template = choose_template("plain", given, ControlTokens(given.tokenizer))
    ids, _ = DialogueSettings(given, template, False, 99, (99,)).pack([CHAT[2:]]).read(0)
    whole = given.tokenizer("User: Another question?\nAssistant: The last answer.")
    assert ids.tolist() == [*given.start, *np.asarray(whole).tolist(), *given.end]
