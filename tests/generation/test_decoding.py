"""Texts of every family that goes on with texts, written with a cache, are those of whole passes without one."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from kerastune_ft.config.facts.hub_families import HUB_FAMILIES
from kerastune_ft.config.options.language.tasks import Generation
from kerastune_ft.generation.decoding import TOKENS, CausalDecoding, WholeDecoding, make_decoding
from kerastune_ft.generation.writer import Writer
from tests.support import hub_classes
from tests.support.tiny_writer import build_backbone, write_plainly

_DECODERS = [name for name, family in HUB_FAMILIES.items() if family.writes == "decoder"]
_NEW = 6


@pytest.mark.parametrize("name", hub_classes.each(_DECODERS, ("GPT2Backbone",)))
def test_greedy_texts_are_those_of_whole_passes(name: str):
    backbone = build_backbone(name)
    body = backbone.generator.body
    prompts = [np.array(ids, np.int32) for ids in ([7, 90, 33], [65, 66, 67, 68, 69, 70, 71, 72, 100], [11, 3])]
    writer = Writer(make_decoding(body, 64), backbone.input.tokenizer, ())
    answers = writer.generate(prompts, [0, 1, 2], Generation(max_new_tokens=_NEW), 0)
    assert [answer.tokens.tolist() for answer in answers] == [write_plainly(body, ids, _NEW) for ids in prompts]
    assert len({tuple(answer.tokens) for answer in answers}) > 1, "the weights say nothing"
    compiled = len(writer._loop._advance)
    alone = writer.generate(prompts[1:2], [1], Generation(max_new_tokens=_NEW), 0)
    assert alone[0].tokens.tolist() == answers[1].tokens.tolist()
    assert len(writer._loop._advance) == compiled, "a function for any number of rows"


def test_rows_are_padded_on_the_right():
    decoding = CausalDecoding(build_backbone().generator.body, 64)
    inputs = decoding.arrange([np.array([5, 6]), np.array([7])], 4, 5)
    np.testing.assert_array_equal(inputs[TOKENS], [[5, 6, 0, 0, 0], [7, 0, 0, 0, 0]])
    assert decoding.count(np.array([5, 6])) == decoding.measure(np.array([5, 6])) == 2


def test_variables_are_those_of_the_model_that_is_trained():
    backbone = build_backbone()
    writer = Writer(CausalDecoding(backbone.generator.body, 64), backbone.input.tokenizer, ())
    prompt, options = np.array([7, 90]), Generation(max_new_tokens=5)
    before = writer.answer(prompt, options, 0).tokens
    for variable in backbone.model.trainable_variables:
        if len(variable.shape) > 1:
            variable.assign(keras.random.normal(variable.shape, stddev=0.4, seed=1))
    after = writer.answer(prompt, options, 0).tokens
    assert after.tolist() == write_plainly(backbone.generator.body, prompt, 5) != before.tolist()


def test_without_a_cache_texts_are_the_same():
    backbone = build_backbone()
    prompts, options = [np.array([7, 90, 33]), np.array([9, 9])], Generation(max_new_tokens=5)
    texts = [
        [
            answer.text
            for answer in Writer(kind(backbone.generator.body, 64), backbone.input.tokenizer, ()).generate(
                prompts, [0, 1], options, 0
            )
        ]
        for kind in (CausalDecoding, WholeDecoding)
    ]
    assert texts[0] == texts[1]
