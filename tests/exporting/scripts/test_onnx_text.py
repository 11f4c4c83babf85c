"""The predict.py of an ONNX export of texts: which rows it makes, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kerastune_ft.exporting.graphs.texts import TextGraphs
from tests.support.script_functions import list_functions
from tests.support.small_tokenizers import make_byte_pairs, make_word_pieces
from tests.support.tiny_text_servings import PAIRS, TEXTS, make_text_serving

pytest.importorskip("onnxruntime")
from kerastune_ft.exporting.scripts import onnx_text as script


@pytest.mark.parametrize(
    ("parts", "window", "texts"),
    [(1, None, [(text,) for text in TEXTS]), (2, None, PAIRS), (1, 9, [(text,) for text in TEXTS])],
)
def test_rows_of_the_script_are_those_of_the_run(parts: int, window: int | None, texts: list[tuple[str, ...]]) -> None:
    graphs = TextGraphs(make_text_serving(make_byte_pairs(), parts, window))
    source = SimpleNamespace(texts=[tuple(each.strip() for each in row) for row in texts])
    wanted = graphs.serving.samples(source, range(len(texts)))
    model = _open(graphs)
    for row, own in zip(texts, wanted, strict=True):
        found = script.read(model, "\t".join(row))
        assert list(found) == list(own)
        for name in own:
            assert np.array_equal(found[name], own[name]), (row, name)


def test_a_row_without_any_token_has_one_of_padding() -> None:
    serving = make_text_serving(make_word_pieces(oov_token="[UNK]"), start=(), end=())
    found = script.read(_open(TextGraphs(serving)), "\ufffc")
    assert found["padding_mask"].sum() == 1


@pytest.mark.parametrize("text", ["", "  \n", "\u200b \u2060", "\u3164"])
def test_a_text_of_which_nothing_is_to_be_seen_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match="nothing to see"):
        script.read(_open(TextGraphs(make_text_serving(make_byte_pairs()))), text)


@pytest.mark.parametrize("make", [make_byte_pairs, make_word_pieces])
def test_half_a_character_is_a_value_error(make: Callable[[], Any]) -> None:
    model = _open(TextGraphs(make_text_serving(make())))
    with pytest.raises(ValueError, match="surrogates not allowed"):
        script.read(model, "a \ud83d b")


def test_another_number_of_texts_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="2 text, with a tab between"):
        script.read(_open(TextGraphs(make_text_serving(make_byte_pairs(), 2))), "only one")


def _open(graphs: TextGraphs) -> SimpleNamespace:
    return SimpleNamespace(encode=graphs.tokenizer.encode, **graphs.preprocessing()["text"])


@pytest.mark.parametrize(
    ("name", "others"),
    [
        ("saved_model_text", {"load", "predict"}),
        ("litert_text", {"load", "predict"}),
        ("keras_text", {"load", "predict", "open_tokenizer"}),
        ("saved_model_strings", {"load", "predict", "read"}),
    ],
)
def test_scripts_of_other_formats_read_and_answer_in_the_same_way(name: str, others: set[str]) -> None:
    own, found = list_functions("onnx_text"), list_functions(name)
    assert {each for each in found if own[each] != found[each]} == others
