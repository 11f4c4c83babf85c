"""The code of a card is Python, and its names are those of the model's inputs."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np
import pytest

from kerastune_ft.cards.loading import write_export_loading, write_loading
from kerastune_ft.config.facts.transcripts import TRANSCRIPTS

TEXT = {"names": ["token_ids", "padding_mask"], "start": [101], "end": [102], "sequence_length": 48}


@pytest.mark.parametrize(
    ("modality", "labels", "inputs", "part"),
    [
        ("image", "one", {}, "load_img"),
        ("image", "mask", {}, "argmax"),
        ("image", "boxes", {}, "thresholds.json"),
        ("audio", "one", {"sample_rate": 16000}, "16000 Hz"),
        ("text", "one", TEXT, '{"token_ids": row, "padding_mask": np.ones_like(row)}'),
    ],
)
def test_every_saved_model_is_opened_in_five_lines(modality: str, labels: str, inputs: dict, part: str) -> None:
    code = write_loading(modality, labels, inputs)
    ast.parse(code)
    assert part in code and len(code.splitlines()) == 5


def test_a_model_that_writes_is_asked_in_its_template() -> None:
    texts = {"user": "User: ", "assistant": "Assistant: ", "end": "\n", "generation": None}
    code = write_loading("language", "text", {"template": {"texts": texts}, "sequence_length": 64})
    ast.parse(code)
    assert 'generate("User: a question\\nAssistant:", max_length=64' in code and len(code.splitlines()) == 4
    assert 'generate("a text", ' in write_loading("language", "text", {})


def test_a_model_of_bytes_is_given_tokens() -> None:
    about = {"tokenizer": {"folder": None}, "start": [2], "end": [3], "sequence_length": 192}
    pair = {**about, "decoder_start": [3, 2], "decoder_end": [3], "target_length": 64}
    for given, name, length in ((about, "token_ids", 192), (pair, "decoder_token_ids", 64)):
        code = write_loading("language", "text", given)
        ast.parse(code)
        assert f'["{name}"][0, len(' in code and f"np.zeros((1, {length}), " in code and "ByteTokenizer(" in code
    assert ".generate(" in write_loading("language", "text", {**about, "tokenizer": {"folder": "tokenizer"}})


def test_a_hidden_word_is_asked_for_in_six_lines() -> None:
    about = {**TEXT, "mask": 103, "tokenizer": {"folder": "tokenizer"}}
    code = write_loading("masked", "text", about)
    ast.parse(code)
    assert 'Tokenizer.from_preset("tokenizer")' in code
    assert '103, *np.array(tokenizer("film")), *[102]]], "int32")' in code
    assert '{"token_ids": row, "padding_mask": np.ones_like(row)}' in code


@pytest.mark.parametrize("name", ["WhisperBackbone", "MoonshineBackbone"])
@pytest.mark.parametrize(("folder", "opens"), [("tokenizer", "Tokenizer.from_preset("), (None, "ByteTokenizer(")])
def test_speech_is_written_down_in_thirty_lines(folder: str | None, opens: str, name: str) -> None:
    task = TRANSCRIPTS[name].task or None
    code = write_loading("speech", "text", {"tokenizer": {"folder": folder}, "backbone": name, "generates_with": task})
    assert name in code and (task is None or f"keras_hub.models.{task}(" in code)
    imported = {name.name for node in ast.parse(code).body if isinstance(node, ast.Import) for name in node.names}
    assert imported == {"json", "keras", "keras_hub", "numpy"}
    assert f"keras_hub.tokenizers.{opens}" in code and len(code.splitlines()) <= 30


def test_several_inputs_are_given_by_name() -> None:
    numbers = {"input": "float32 [batch, columns], in this order", "columns": ["age", "dose"]}
    words = {"input": "int32 [batch, columns], in this order", "columns": {"ward": ["a", "b"]}}
    parts = {"image_1": {"input": "decoded RGB image"}, "text": TEXT, "numbers": numbers, "words": words}
    code = write_loading("image", "one", {"inputs": parts})
    ast.parse(code)
    assert 'given["image_1"] = keras.utils.img_to_array(' in code
    assert "*tokens[:46], *[102]" in code
    assert 'given["numbers"] = np.array([[1, 1]], "float32")  # age, dose' in code
    assert 'given["words"] = np.array([[1]], "int32")  # ward' in code


def test_a_long_text_is_cut_to_the_tokens_that_the_model_read() -> None:
    (line,) = (line for line in write_loading("text", "one", TEXT).splitlines() if line.startswith("row"))
    names: dict[str, Any] = {"np": np, "tokenizer": lambda text: list(range(99))}
    exec(line, names)
    assert names["row"].shape == (1, 48)


@pytest.mark.parametrize(
    ("modality", "inputs"), [("image", {}), ("text", {}), ("audio", {}), ("image", {"inputs": {}})]
)
def test_an_export_is_used_through_its_script(modality: str, inputs: dict) -> None:
    found = ast.parse(write_export_loading(modality, inputs)).body
    assert [node.module for node in found if isinstance(node, ast.ImportFrom)] == ["predict"]
