"""Texts of tokens, and where texts that end answers stand in them."""

from __future__ import annotations

import keras_hub
import pytest

from kerastune_ft.generation.texts import decode, find_stop, find_sure_part
from tests.support.small_tokenizers import make_byte_pairs, make_pieces


@pytest.mark.parametrize(
    "make", [lambda: keras_hub.tokenizers.ByteTokenizer(lowercase=False), make_byte_pairs, make_pieces]
)
def test_tokens_become_texts_again(make):
    tokenizer = make()
    (tokens,) = [list(map(int, row)) for row in tokenizer(["the day"])]
    assert decode(tokenizer, tokens) == "the day"
    assert decode(tokenizer, []) == ""


def test_half_a_letter_is_no_error():
    tokenizer = keras_hub.tokenizers.ByteTokenizer(lowercase=False)
    whole = "é".encode()
    assert decode(tokenizer, list(whole)) == "é"
    assert "é" not in decode(tokenizer, list(whole[:1]))


def test_the_first_stop_counts():
    assert find_stop("one two three", ["three", "two"]) == 4
    assert find_stop("one", ["two", ""]) is None


@pytest.mark.parametrize(
    ("text", "stops", "sure"),
    [
        ("say </", ["</end>"], "say "),
        ("say <b", ["</end>"], "say <b"),
        ("caf\ufffd", [], "caf"),
        ("a\n", ["\n\n"], "a"),
    ],
)
def test_what_may_still_change_is_held_back(text: str, stops: list[str], sure: str):
    assert find_sure_part(text, stops) == sure


def test_tokens_that_a_tokenizer_does_not_know_are_no_text():
    tokenizer = keras_hub.tokenizers.ByteTokenizer(lowercase=False)
    assert decode(tokenizer, [104, 105]) == "hi"
    assert decode(tokenizer, [104, 50_000, 105, 256]) == "h\ufffdi\ufffd"
    assert decode(tokenizer, []) == ""
