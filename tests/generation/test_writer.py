"""Answers: the same in any batch, ended by tokens, texts and lengths, and read while they are written."""

from __future__ import annotations

import numpy as np
import pytest

from kerastune_ft.config.options.language.tasks import Generation
from kerastune_ft.errors import DataError
from kerastune_ft.generation.decoding import CausalDecoding
from kerastune_ft.generation.writer import ROWS, Row, Writer, find_key
from tests.support.tiny_writer import build_backbone

_QUESTION = "what is this, and that, and those over there?"
_TEXTS = ("a", "hello there", "zzz", _QUESTION, "b", "cc", "ddd", "ee", "f", "gg")
PROMPTS = [np.frombuffer(text.encode(), np.uint8).astype(np.int32) for text in _TEXTS]
DRAWN = Generation(max_new_tokens=12, temperature=1.5)


@pytest.fixture(scope="module")
def writer() -> Writer:
    backbone = build_backbone()
    return Writer(CausalDecoding(backbone.generator.body, 64), backbone.input.tokenizer, ())


def test_a_text_does_not_depend_on_its_batch(writer: Writer):
    keys = [find_key(prompt) for prompt in PROMPTS]
    many = writer.generate(PROMPTS, keys, DRAWN, 3)
    assert len(PROMPTS) > ROWS
    for place in (0, 3, 8):
        assert (
            writer.generate([PROMPTS[place]], [keys[place]], DRAWN, 3)[0].tokens.tolist() == many[place].tokens.tolist()
        )
    back = writer.generate(PROMPTS[::-1], keys[::-1], DRAWN, 3)[::-1]
    assert [answer.text for answer in back] == [answer.text for answer in many]
    assert len({answer.text for answer in many}) == len(PROMPTS)


def test_rows_draw_among_as_many_as_each_asks_for_in_one_compiled_step(writer: Writer):
    prompt = PROMPTS[1]
    ways = [DRAWN.model_copy(update={"top_k": most}) for most in (1, 3, 1000)]
    assert len({writer.find_shape(prompt, way) for way in ways}) == 1
    texts = [""] * len(ways)
    for parts in writer.follow_all([Row(prompt, 7, way, 3) for way in ways]):
        texts = [text + (part.text if part else "") for text, part in zip(texts, parts, strict=True)]
    assert texts == [writer.generate([prompt], [7], way, 3)[0].text for way in ways]
    greedy = DRAWN.model_copy(update={"temperature": 0.0})
    assert [texts[0], texts[2]] == [writer.generate([prompt], [7], way, 3)[0].text for way in (greedy, DRAWN)]
    assert len(set(texts)) == 3


def test_draws_depend_on_seed_and_key(writer: Writer):
    prompt = PROMPTS[1]
    texts = [writer.generate([prompt], [key], DRAWN, seed)[0].text for key, seed in ((1, 0), (2, 0), (1, 1), (1, 0))]
    assert texts[0] == texts[3] and len(set(texts)) == 3
    assert find_key(prompt) == find_key(prompt.copy()) != find_key(PROMPTS[0])


def test_an_answer_is_read_while_it_is_written(writer: Writer):
    parts = list(writer.stream(PROMPTS[1], 7, DRAWN, 3))
    assert "".join(parts) == writer.generate([PROMPTS[1]], [7], DRAWN, 3)[0].text
    assert len(parts) > 1
    followed = list(writer.follow(PROMPTS[1], 7, DRAWN, 3))
    assert "".join(part.text for part in followed) == "".join(parts)
    assert [part.ended for part in followed] == [None] * (len(followed) - 1) + ["length"]
    assert [part.tokens for part in followed] == [4, 8, 12]


def test_tokens_and_texts_end_answers(writer: Writer):
    whole = writer.generate(PROMPTS[:4], range(4), DRAWN, 3)
    assert all(answer.ended == "length" and len(answer.tokens) == 12 for answer in whole)
    stop = whole[1].text[3:5]
    options = DRAWN.model_copy(update={"stop": (stop,)})
    cut = writer.generate(PROMPTS[:4], range(4), options, 3)[1]
    assert cut.ended == "stop" and cut.text == whole[1].text[: whole[1].text.index(stop)]
    assert "".join(writer.stream(PROMPTS[1], 1, options, 3)) == cut.text
    end = int(whole[3].tokens[4])
    ended = Writer(writer.decoding, writer.tokenizer, (end,)).generate(PROMPTS[:4], range(4), DRAWN, 3)[3]
    first = whole[3].tokens.tolist().index(end)
    assert ended.ended == "stop" and ended.tokens.tolist() == whole[3].tokens[:first].tolist()


def test_no_answer_is_longer_than_the_model_has_positions(writer: Writer):
    prompt = np.full(60, 70, np.int32)
    answers = writer.generate([prompt, PROMPTS[0]], [0, 1], DRAWN, 0)
    assert len(answers[0].tokens) <= 4 and answers[0].prompt_tokens == 60
    with pytest.raises(DataError, match="64 tokens, and the model has room for 64"):
        writer.generate([np.full(64, 70, np.int32)], [0], DRAWN, 0)
    assert writer.lengths == (16, 32, 64)
