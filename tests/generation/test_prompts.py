"""Prompts of dialogues: rendered as in training, cut where they are too long."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kerastune_ft.data.dialogues.turns import Turn, make_pair
from kerastune_ft.generation.prompts import Prompts
from kerastune_ft.generation.texts import decode
from kerastune_ft.input.language.language_loader import BEGINNING
from tests.support.tiny_writer import build_backbone, make_settings


@pytest.fixture(scope="module")
def prompts() -> Prompts:
    return Prompts(make_settings(build_backbone(max_sequence_length=100)))


def read(prompts: Prompts, *turns: Turn, most: int = 1000) -> str:
    return decode(prompts.settings.given.tokenizer, prompts.encode(turns, most).tokens)


def test_a_prompt_is_the_beginning_of_a_row_of_training(prompts: Prompts):
    rows = prompts.settings.pack([make_pair("how are you?", "well")])
    tokens, learnt = rows.read(0)
    prompt = prompts.encode([Turn("user", "how are you?")], 1000)
    begin = learnt.tolist().index(1)
    assert prompt.tokens.tolist() == tokens[:begin].tolist() and prompt.lost == 0


def test_what_is_too_long_loses_its_beginning_or_its_end(prompts: Prompts):
    turn = Turn("user", "abcdefghij")
    whole = read(prompts, turn)
    assert prompts.encode([turn], 1000).lost == 0
    most = len(prompts.encode([turn], 1000).tokens) - 4
    assert prompts.encode([turn], most).lost == 4
    # The gap before what was said is cut with it.
    assert read(prompts, turn, most=most) == whole.replace(" abcdefghij", "defghij")
    shortening = Prompts(replace(prompts.settings, keeps=BEGINNING))
    assert read(shortening, turn, most=most) == whole.replace("abcdefghij", "abcdef")


def test_old_turns_are_dropped_but_not_instructions(prompts: Prompts):
    turns = [Turn("system", "be kind"), *make_pair("one", "1"), *make_pair("two", "2"), Turn("user", "three")]
    count = len(prompts.encode(turns, 1000).tokens)
    assert prompts.drop_old(turns, count) == turns
    assert prompts.drop_old(turns, count - 1) == [turns[0], *turns[3:]]
    assert prompts.drop_old(turns, 1) == [turns[0], turns[-1]]


def test_a_model_without_limit_takes_what_rows_of_training_have(prompts: Prompts):
    assert prompts.positions == 100
    given = replace(prompts.settings.given, maximum_length=None, default_length=50)
    assert Prompts(replace(prompts.settings, given=given)).positions == 64
    assert prompts.ends == prompts.settings.given.end


def test_nothing_at_all_begins_with_what_texts_begin_with(prompts: Prompts):
    given = replace(prompts.settings.given, start=())
    bare = Prompts(replace(prompts.settings, given=given, template=replace(prompts.settings.template, starts=False)))
    assert bare.encode([Turn("text", "")], 10).tokens.tolist() == list(given.end)
