"""Tokenizers and templates as transformers reads them: the same tokens, and dialogues rendered to the same text."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import sentencepiece
from jinja2.sandbox import ImmutableSandboxedEnvironment

from kerastune_ft.config.facts.chat_templates import TEMPLATES
from kerastune_ft.config.options.language.templates import ChatTemplate
from kerastune_ft.data.dialogues.turns import Turn
from kerastune_ft.exporting.language.tokenizer_files import write_jinja, write_tokenizer
from kerastune_ft.input.language.template import END, START, Segment, Template
from tests.support.chat_tokenizers import make_bytes, make_chat_pairs, make_chat_pieces

TEXTS = ["the end", "then  two\n\nand\ttabs", "", "caf\u00e9 \u65e5\u672c \U0001f600", "a <b> 'c' \"d\" \\ {{ e }}"]
NAMES = {"start": "<s>", "end": "</s>", "pad": None}
_ENDS = {"chatml": "<|im_end|>", "gemma": "<end_of_turn>", "llama3": "<|eot_id|>"}
ASKED = (Turn("user", "Why? {{ x }}"), Turn("assistant", "So\n\"it\" is 'n\u00fc'."), Turn("user", "  And? "))
DIALOGUES = [
    ASKED[:1],
    ASKED[:2],
    ASKED,
    (Turn("system", "Be brief."), *ASKED),
    (Turn("system", "Be brief."), Turn("assistant", "Yes?"), Turn("user", "No.")),
    (Turn("system", "Be brief."),),
]


def _templates() -> list[Any]:
    own = ChatTemplate(system="[", user='Q\\n"\u00fc": ', assistant="A:  ", end=" \n", generation="A (short): ")
    named = {
        name: Template(name, ChatTemplate.model_validate(dict(each.texts)), each.starts, _ENDS.get(name, ""))
        for name, each in TEMPLATES.items()
    }
    return [pytest.param(each, id=name) for name, each in {**named, "own": Template("own", own, True, "")}.items()]


def _render(source: str, turns: tuple[Turn, ...], asks: bool) -> str:
    # As transformers renders templates.
    machine = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    messages = [{"role": turn.role, "content": turn.content} for turn in turns]
    return machine.from_string(source).render(messages=messages, add_generation_prompt=asks)


def _join(segments: list[Segment]) -> str:
    return "".join({START: NAMES["start"], END: NAMES["end"]}.get(each.text) or each.text for each in segments)


@pytest.mark.parametrize("template", _templates())
@pytest.mark.parametrize("number", range(len(DIALOGUES)))
def test_dialogues_are_rendered_as_in_training_and_in_answering(template: Template, number: int) -> None:
    source, turns = write_jinja(template, NAMES), DIALOGUES[number]
    assert _render(source, turns, asks=True) == _join(template.ask(turns))
    assert _render(source, turns, asks=False) == _join(template.render(turns))


def test_byte_pairs_are_the_same_tokens() -> None:
    tokenizers = pytest.importorskip("tokenizers")
    own = make_chat_pairs()
    own._add_special_token("<|endoftext|>", "end_token")
    files = write_tokenizer(own, None, 64)
    assert set(files) == {"tokenizer.json", "tokenizer_config.json"}
    config = json.loads(files["tokenizer_config.json"])
    assert (config["eos_token"], config["pad_token"], config["bos_token"]) == ("<|endoftext|>", "<|endoftext|>", None)
    assert config["model_max_length"] == 64 and "chat_template" not in config
    other = tokenizers.Tokenizer.from_str(files["tokenizer.json"].decode())
    for text in [*TEXTS, "<|im_start|>user\nthen<|im_end|>"]:
        assert other.encode(text, add_special_tokens=False).ids == np.asarray(own(text)).tolist(), text


def test_pieces_are_the_file_of_sentence_piece() -> None:
    own = make_chat_pieces()
    template = Template("plain", ChatTemplate.model_validate(dict(TEMPLATES["plain"].texts)), True, "")
    own.start_token_id, own.end_token_id = own.token_to_id("<s>"), own.token_to_id("</s>")
    files = write_tokenizer(own, template, 64)
    assert set(files) == {"tokenizer.model", "tokenizer_config.json"}
    config = json.loads(files["tokenizer_config.json"])
    assert (config["bos_token"], config["eos_token"], config["tokenizer_class"]) == ("<s>", "</s>", "LlamaTokenizer")
    assert config["chat_template"] == write_jinja(template, {"start": "<s>", "end": "</s>", "pad": None})
    other = sentencepiece.SentencePieceProcessor(model_proto=files["tokenizer.model"])
    for text in TEXTS:
        assert other.encode(text) == np.asarray(own(text)).tolist(), text


def test_bytes_as_tokens_have_no_files() -> None:
    assert write_tokenizer(make_bytes(), None, 64) == {}
