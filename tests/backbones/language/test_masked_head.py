"""The head that finds hidden tokens: its scores are those of keras-hub's, whatever its weights are."""

from __future__ import annotations

import keras
import keras_hub
import numpy as np

from kerastune_ft.backbones.hub import text
from kerastune_ft.backbones.language.masked_head import read_head
from kerastune_ft.backbones.language.vocabulary import find_projection, trim_vocabulary

_TOKENS = np.array([[2, 9, 8, 7, 3], [2, 5, 3, 0, 0]], np.int32)


def test_scores_are_those_of_keras_hub() -> None:
    body = keras_hub.models.BertBackbone(
        vocabulary_size=30, num_layers=1, num_heads=2, hidden_dim=8, intermediate_dim=12
    )
    task = keras_hub.models.BertMaskedLM(backbone=body)
    for variable in task.masked_lm_head.weights:
        variable.assign(np.random.default_rng(1).normal(0, 0.4, variable.shape))
    encoder = text.encoder(body, passes_embeddings=True)
    vocabulary = read_head(body.token_embedding, task)
    model = keras.Model(encoder.input, vocabulary.apply(encoder.output))
    rows = {"token_ids": _TOKENS, "padding_mask": (_TOKENS > 0).astype(np.int32), "segment_ids": _TOKENS * 0}
    expected = task({**rows, "mask_positions": np.tile(np.arange(5), (2, 1))}).numpy()
    assert np.abs(model(rows).numpy() - expected).max() < 1e-5

    known = find_projection(model)
    assert known.variable is body.token_embedding.embeddings
    assert known.bias is not None
    hidden = trim_vocabulary(model)(rows).numpy()
    by_hand = hidden @ np.array(known.variable).T + np.array(known.bias)[0]
    assert np.abs(by_hand - expected).max() < 1e-5
    assert vocabulary.has_weights
