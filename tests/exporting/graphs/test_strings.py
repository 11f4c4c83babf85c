from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.exporting.graphs import strings
from tests.support.small_tokenizers import make_pieces, make_word_pieces
from tests.support.tiny_text_servings import make_text_serving


def test_what_a_saved_model_has_to_hold_is_the_model_of_pieces() -> None:
    pytest.importorskip("tensorflow_text")
    assert len(strings.list_resources(make_text_serving(make_pieces()).rows)) == 1
    assert strings.list_resources(make_text_serving(make_word_pieces()).rows) == []


def test_other_tokens_than_in_training_are_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tensorflow_text")
    rows = make_text_serving(make_word_pieces()).rows
    assert strings.explain_refusal(rows) is None
    wanted = strings.tokenise_texts

    def reverse(tokenizer: object, texts: list[str]) -> Iterator[object]:
        return [row[::-1] for row in wanted(tokenizer, texts)]  # type: ignore[return-value]

    monkeypatch.setattr(strings, "tokenise_texts", reverse)
    assert "gives other tokens than in training" in str(strings.explain_refusal(rows))


def test_rows_are_those_of_the_run_even_without_a_token() -> None:
    pytest.importorskip("tensorflow_text")
    rows = make_text_serving(make_word_pieces(), start=(), end=()).rows
    for text in (" ", "the film"):
        wanted = rows.pack([strings.tokenise_texts(rows.text.tokenizer, [text])]).pad(np.array([0]), 8)
        found = tf.function(lambda texts: strings.read_rows(rows, [texts]), autograph=False)(tf.constant([text]))
        assert all(np.array_equal(found[name], wanted[name]) for name in wanted), text
        assert wanted["padding_mask"].sum() > 0


def test_a_missing_package_is_a_refusal_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strings.importlib.util, "find_spec", lambda name: None)
    assert "pip install tensorflow-text" in str(strings.explain_refusal(make_text_serving(make_word_pieces()).rows))
