"""Language models of keras-hub as graphs of hidden states, and what turns these into scores."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest

from kerastune_ft.backbones.hub import language


def _body(**options: Any) -> Any:
    embeddings = keras.layers.ReversibleEmbedding(11, 4, name="token_embedding", **options)
    embeddings.build(None)
    return SimpleNamespace(token_embedding=embeddings)


_EMPTY: Any = SimpleNamespace(layers=())


def test_a_tied_vocabulary_is_the_embeddings() -> None:
    body = _body(logit_soft_cap=2.0)
    found = language.find_vocabulary(body, _EMPTY)
    assert found.is_tied and found.embeddings is body.token_embedding
    assert (found.scale, found.cap) == (1.0, 2.0)
    assert language.name_copies(body, _EMPTY) == {}


def test_an_output_matrix_is_taken_out_of_the_embeddings() -> None:
    body = _body(tie_weights=False)
    copy = keras.layers.ReversibleEmbedding(11, 4, name="token_embedding")
    copy.build(None)
    graph: Any = SimpleNamespace(layers=(copy,))
    found = language.find_vocabulary(body, graph)
    assert not found.is_tied and found.embeddings is copy
    np.testing.assert_array_equal(found.matrix, body.token_embedding.reverse_embeddings.numpy())
    names = language.name_copies(body, graph)
    assert names == {
        id(body.token_embedding.embeddings): copy.embeddings.path,
        id(body.token_embedding.reverse_embeddings): "vocabulary/kernel",
    }


@pytest.mark.parametrize(("tied", "scale"), [(True, 0.25), (False, 1.0)])
def test_t5_scales_hidden_states_where_it_is_tied(tied: bool, scale: float) -> None:
    body = _body(tie_weights=tied)
    body.tie_embedding_weights, body.hidden_dim = tied, 16
    assert language.find_vocabulary(body, _EMPTY).scale == scale


def test_of_two_embeddings_those_of_the_decoder_give_scores() -> None:
    body = _body()
    body.decoder_token_embedding = _body(tie_weights=False).token_embedding
    body.final_logit_softcapping = 3.0
    found = language.find_vocabulary(body, _EMPTY)
    assert found.embeddings is body.decoder_token_embedding
    assert found.cap == 3.0 and not found.is_tied
