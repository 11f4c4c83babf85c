"""Language models of a few weights, of keras-hub's own classes."""

from __future__ import annotations

from typing import Any

import keras
import keras_hub

VOCABULARY = 19


def make_llama(tied: bool, vocabulary: int = VOCABULARY) -> Any:
    """Return a body of keras-hub with two blocks, its output embeddings tied or not."""
    keras.utils.set_random_seed(0)
    return keras_hub.models.Llama3Backbone(
        vocabulary_size=vocabulary, num_layers=2, hidden_dim=8, intermediate_dim=12, num_query_heads=2,
        num_key_value_heads=1, tie_word_embeddings=tied,
    )  # fmt: skip


def make_gemma(cap: float) -> Any:
    """Return a body whose scores have a cap."""
    keras.utils.set_random_seed(1)
    return keras_hub.models.GemmaBackbone(
        vocabulary_size=VOCABULARY, num_layers=1, hidden_dim=8, intermediate_dim=12, num_query_heads=2,
        num_key_value_heads=1, head_dim=4, final_logit_soft_cap=cap, query_head_dim_normalize=True,
    )  # fmt: skip
