"""Language models of keras-hub as one graph from token ids to hidden states, with the matrix of their vocabulary."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from kerastune_ft.backbones.hub.text import encoder
from kerastune_ft.backbones.language.vocabulary import MATRIX, Vocabulary

_EMBEDDINGS = "token_embedding"


def decoder(body: keras.Model) -> tuple[keras.Model, Vocabulary]:
    """Return the model {token_ids, padding_mask}: [batch, length] -> [batch, length, width], and its vocabulary."""
    model = encoder(body, passes_embeddings=True)
    return model, Vocabulary(_find_embeddings(body, model), _copy_matrix(body))


def name_copies(body: keras.Model, model: keras.Model) -> dict[int, str]:
    """Return by the id of a variable of `body` the path of its copy, where output embeddings were split off."""
    if _copy_matrix(body) is None:
        return {}
    own, made = getattr(body, _EMBEDDINGS), _find_embeddings(body, model)
    return {id(own.embeddings): made.embeddings.path, id(own.reverse_embeddings): f"{MATRIX}/kernel"}


def _find_embeddings(body: keras.Model, model: keras.Model) -> Any:
    """Return the layer of the embeddings in a graph made of `body`, which may be a copy without output embeddings."""
    own = getattr(body, _EMBEDDINGS)
    return next((layer for layer in model.layers if layer.name == own.name), own)


def _copy_matrix(body: keras.Model) -> np.ndarray | None:
    """Return the values of output embeddings that are not tied, [width, vocabulary]."""
    own = getattr(body, _EMBEDDINGS)
    return None if own.tie_weights else np.array(own.reverse_embeddings.numpy())
