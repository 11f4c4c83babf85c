"""The matrix that turns hidden states into scores of the tokens of a vocabulary: tied to the embeddings, or not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import keras

from kerastune_ft.graph import keras_private

HIDDEN = "hidden_states"
"""The layer whose output the matrix is multiplied with."""
MATRIX = "vocabulary"
"""The layer of a matrix of its own."""
BIAS = "vocabulary_bias"
"""The layer of a value that is added to the score of each token: one row of embeddings, since Keras has no other."""


@dataclass(frozen=True)
class Vocabulary:
    """The last step of a language model, from hidden states to a score for every token."""

    embeddings: Any
    """The backbone's embeddings, a `ReversibleEmbedding` whose weights are tied."""
    matrix: Any = None
    """The values of a matrix of its own, [width, vocabulary]; None where it is tied to the embeddings."""
    scale: float = 1.0
    """What hidden states are multiplied with before."""
    cap: float | None = None
    """Scores z are cap * tanh(z / cap); None where they are as they are."""

    @property
    def is_tied(self) -> bool:
        """Return whether the matrix is that of the embeddings."""
        return self.matrix is None

    @property
    def has_weights(self) -> bool:
        """Return whether it has weights that are not the embeddings'."""
        return not self.is_tied

    def move(self, old: keras.Model, new: keras.Model) -> Vocabulary:
        """Return the vocabulary of a model that was made again of the layers of another, in another precision."""
        paths = {id(layer): path for path, layer in keras_private.leaf_layers(old).items()}
        return replace(self, embeddings=keras_private.leaf_layers(new)[paths[id(self.embeddings)]])

    def apply(self, hidden: Any) -> Any:
        """Return symbolic scores [batch, length, vocabulary] of symbolic hidden states [batch, length, width]."""
        states = keras.layers.Identity(name=HIDDEN)(hidden)
        if self.scale != 1.0:
            states = keras.layers.Rescaling(self.scale, name="hidden_states_scaled")(states)
        # Embeddings may cap the scores themselves.
        if self.is_tied:
            scores = self.embeddings(states, reverse=True)
            return scores if self.cap in (None, self.embeddings.logit_soft_cap) else self._limit(scores)
        layer = keras.layers.Dense(self.matrix.shape[1], use_bias=False, name=MATRIX)
        scores = layer(states)
        layer.set_weights([self.matrix])
        return scores if self.cap is None else self._limit(scores)

    def _limit(self, scores: Any) -> Any:
        assert self.cap is not None
        return SoftCap(self.cap, name="scores_capped")(scores)


class SoftCap(keras.layers.Layer):
    """Keeps scores z between -cap and cap: cap * tanh(z / cap)."""

    def __init__(self, cap: float, **options: Any) -> None:
        """`cap` is positive."""
        super().__init__(**options)
        self.cap = cap

    def call(self, scores: Any) -> Any:
        """Return the scores, nearer to zero."""
        return keras.ops.tanh(scores / self.cap) * self.cap

    def get_config(self) -> dict[str, Any]:
        """Return what the layer is made again from."""
        return {**super().get_config(), "cap": self.cap}


@dataclass(frozen=True)
class Projection:
    """The matrix of a built model, as a loss by chunks of tokens multiplies with it."""

    variable: keras.Variable
    is_transposed: bool
    """Whether the matrix is [vocabulary, width], as embeddings are, and not [width, vocabulary]."""
    cap: float | None
    """Scores z are cap * tanh(z / cap); None where they are as they are."""
    scale: float
    """What hidden states are multiplied with before."""
    bias: keras.Variable | None = None
    """What is added to the scores, [1, vocabulary]; None for nothing."""


def trim_vocabulary(model: keras.Model) -> keras.Model:
    """Return the part of a model up to its last hidden states [batch, length, width], without the matrix after them.

    Of a tail that begins with these it is one that gives them as they are.
    """
    states = _find_hidden(model)
    if states is None:
        states = keras.layers.Identity(name=f"{HIDDEN}_passed")(model.input)
    return keras.Model(model.input, states)


def _find_hidden(model: keras.Model) -> Any:
    """Return the symbolic hidden states of a model; None for a tail that begins with them."""
    # The layer may be of another graph too, of which this one is a part.
    nodes = keras_private.nodes_in_order(model)
    return next((node.outputs[0] for node in nodes if node.operation.name == HIDDEN), None)


def find_projection(model: keras.Model) -> Projection:
    """Return what a model, or the tail of one, multiplies its last hidden states with."""
    above = _find_hidden(model) is None
    scale, cap = 1.0, None
    found: tuple[keras.Variable, bool] | None = None
    bias = None
    for node in keras_private.nodes_in_order(model):
        layer = node.operation
        if layer.name == HIDDEN:
            above = True
        elif above and isinstance(layer, keras.layers.Rescaling):
            scale = float(layer.scale)
        elif above and layer.name == BIAS:
            bias = layer.embeddings
        elif above and isinstance(layer, keras.layers.Dense):
            found = layer.kernel, False
        elif above and hasattr(layer, "logit_soft_cap"):
            found, cap = (layer.embeddings, True), layer.logit_soft_cap
        elif above and isinstance(layer, SoftCap):
            cap = layer.cap
    assert found is not None, f"{model.name} has no vocabulary"
    return Projection(*found, cap, scale, bias)
