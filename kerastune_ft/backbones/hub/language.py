"""Language models of keras-hub as one graph from token ids to hidden states, with the matrix of their vocabulary."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import keras
import numpy as np

from kerastune_ft.backbones.hub.pairs import encoder_decoder, units_of_pair
from kerastune_ft.backbones.hub.text import encoder
from kerastune_ft.backbones.hub.units import units_of
from kerastune_ft.backbones.language.vocabulary import MATRIX, Vocabulary
from kerastune_ft.config.facts.hub_families import HubFamily
from kerastune_ft.graph.units import Unit

# Of encoder-decoder models with embeddings of their own for each side, those of the decoder give the scores.
_EMBEDDINGS = ("decoder_token_embedding", "token_embedding")


def decoder(body: keras.Model) -> tuple[keras.Model, Vocabulary]:
    """Return the model {token_ids, padding_mask}: [batch, length] -> [batch, length, width], and its vocabulary."""
    model = encoder(body, passes_embeddings=True)
    return model, find_vocabulary(body, model)


def pair(body: keras.Model) -> tuple[keras.Model, Vocabulary]:
    """Return the model of an encoder and its decoder, see `pairs.encoder_decoder`, and its vocabulary."""
    model = encoder_decoder(body)
    return model, find_vocabulary(body, model)


def writer_graph(body: keras.Model, family: HubFamily) -> tuple[keras.Model, Vocabulary]:
    """Return the model of a backbone that writes, from token ids to hidden states, and its vocabulary."""
    return _GRAPHS[family.writes](body)


def writer_units(model: keras.Model, family: HubFamily) -> tuple[Unit, ...]:
    """Return the units of such a model: embeddings, one per block, the final normalisation with the last."""
    return _UNITS[family.writes](model, family)


def find_vocabulary(body: keras.Model, model: keras.Model) -> Vocabulary:
    """Return what turns the hidden states of a model made of `body` into scores."""
    own = _embeddings(body)
    matrix = None if own.tie_weights else np.array(own.reverse_embeddings.numpy())
    # T5 alone has hidden states that are too large for embeddings that are looked up too.
    scale = body.hidden_dim**-0.5 if getattr(body, "tie_embedding_weights", False) else 1.0
    cap = own.logit_soft_cap or getattr(body, "final_logit_softcapping", None)
    return Vocabulary(_find_copy(own, model), matrix, scale, cap)


def name_copies(body: keras.Model, model: keras.Model) -> Mapping[int, str]:
    """Return by the id of a variable of `body` the path of its copy, where output embeddings were split off."""
    own = _embeddings(body)
    if own.tie_weights:
        return {}
    return {
        id(own.embeddings): _find_copy(own, model).embeddings.path,
        id(own.reverse_embeddings): f"{MATRIX}/kernel",
    }


def _embeddings(body: keras.Model) -> Any:
    """Return the layer of a backbone of keras-hub that embeds tokens and, called in reverse, gives scores."""
    return next(getattr(body, name) for name in _EMBEDDINGS if hasattr(body, name))


def _find_copy(own: Any, model: keras.Model) -> Any:
    """Return the embeddings in a graph made of a backbone, which may be a copy of its own without output embeddings."""
    return next((layer for layer in model.layers if layer.name == own.name), own)


_GRAPHS: Mapping[str, Callable[[keras.Model], tuple[keras.Model, Vocabulary]]] = MappingProxyType(
    {"decoder": decoder, "pair": pair}
)
_UNITS: Mapping[str, Callable[[keras.Model, HubFamily], tuple[Unit, ...]]] = MappingProxyType(
    {"decoder": units_of, "pair": lambda model, family: units_of_pair(model)}
)
