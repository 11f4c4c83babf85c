from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.exporting.graphs.texts import TextGraphs
from tests.support.small_tokenizers import make_byte_pairs, make_pieces, make_word_pieces
from tests.support.tiny_text_servings import PAIRS, TEXTS, make_text_serving


@pytest.mark.parametrize("parts", [1, 2])
@pytest.mark.parametrize("make", [lambda: make_word_pieces(lowercase=True), make_pieces], ids=["words", "pieces"])
def test_strings_are_answered_as_tokens_are(make: Any, parts: int) -> None:
    pytest.importorskip("tensorflow_text")
    graphs = TextGraphs(make_text_serving(make(), parts))
    texts, tokens = graphs.raw()
    assert [texts.name, tokens.name] == ["text", "tokens"]
    rows = [(text,) for text in TEXTS] if parts == 1 else PAIRS
    given = dict(zip(("text", "second"), map(tf.constant, zip(*rows, strict=True)), strict=False))
    answered = texts.trace()(*given.values())["probabilities"]
    source = SimpleNamespace(texts=[tuple(each.strip() for each in row) for row in rows])
    wanted = [
        tokens.trace()(*map(tf.constant, row.values())) for row in graphs.serving.samples(source, range(len(rows)))
    ]
    assert np.abs(answered - np.concatenate([each["probabilities"] for each in wanted])).max() < 1e-6


def test_strings_are_refused_where_a_graph_cannot_hold_the_tokenizer_for_long() -> None:
    graphs = TextGraphs(make_text_serving(make_byte_pairs()))
    assert [each.name for each in graphs.raw()] == ["tokens"]
    assert "memory would grow" in str(graphs.refusal)
    assert "windows" in str(TextGraphs(make_text_serving(make_word_pieces(), window=9)).refusal)
