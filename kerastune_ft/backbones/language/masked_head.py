"""The head of a backbone that finds hidden tokens: as keras-hub's `MaskedLMHead`, in layers that graphs can be cut at.

A dense layer and a normalisation lead to hidden states, whose scores are those of the embeddings, and a bias.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from kerastune_ft.backbones.language.vocabulary import BIAS, HIDDEN, Vocabulary

DENSE, NORM = "hidden_token_dense", "hidden_token_norm"
"""The layers between the hidden states of a backbone and those that scores are made of."""


@dataclass(frozen=True)
class MaskedVocabulary(Vocabulary):
    """The last steps of a model that finds hidden tokens: its head, and the matrix of its embeddings."""

    activation: Any = "gelu"
    epsilon: float = 1e-5
    weights: Mapping[str, np.ndarray] = field(default_factory=dict)
    """The values that its layers begin with, as `<layer>/<variable>`; none where they are new."""

    @property
    def has_weights(self) -> bool:
        """Return True: dense layer, normalisation and bias are its own."""
        return True

    def apply(self, hidden: Any) -> Any:
        """Return symbolic scores [batch, length, vocabulary] of symbolic hidden states [batch, length, width]."""
        dense = keras.layers.Dense(self.embeddings.output_dim, activation=self.activation, name=DENSE)
        norm = keras.layers.LayerNormalization(epsilon=self.epsilon, name=NORM)
        bias = keras.layers.Embedding(1, self.embeddings.input_dim, name=BIAS)
        states = keras.layers.Identity(name=HIDDEN)(norm(dense(hidden)))
        row = bias(keras.ops.zeros_like(states[:, :1, 0], dtype="int32"))
        scores = self.embeddings(states, reverse=True) + row
        for layer in (dense, norm, bias) if self.weights else ():
            layer.set_weights([self.weights[f"{layer.name}/{variable.name}"] for variable in layer.weights])
        return scores


def read_head(embeddings: Any, task: Any) -> MaskedVocabulary:
    """Return the head that keras-hub's `task` of a backbone has, for the same backbone as another graph.

    `embeddings` are those of tokens in that graph.
    """
    head = task.masked_lm_head
    named = {"intermediate_dense": DENSE, "intermediate_layer_norm": NORM}
    tied = task.backbone.token_embedding.embeddings
    own = [variable for variable in head.weights if variable is not tied]
    weights = {f"{BIAS}/embeddings": np.array(next(one for one in own if one.name == "output_bias"))[np.newaxis]}
    for variable in own:
        *_, layer, name = variable.path.split("/")
        if layer in named:
            weights[f"{named[layer]}/{name}"] = np.array(variable)
    return MaskedVocabulary(
        embeddings, activation=head.intermediate_activation, epsilon=head.layer_norm_epsilon, weights=weights
    )
