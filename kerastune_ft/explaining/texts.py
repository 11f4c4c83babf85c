"""Explanations of texts: how much each token speaks for an answer, by integrated gradients.

Sundararajan, Taly and Yan, "Axiomatic Attribution for Deep Networks", ICML 2017: slopes of the answer along the way
from a text of padding to the text, times the way. They sum to what the text changes in the answer, but for the error of
a sum in steps, which is shown.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kerastune_ft.backbones.text_input import PADDING_MASK, TOKEN_IDS
from kerastune_ft.errors import ConfigError
from kerastune_ft.explaining.base import Explained, Explainer
from kerastune_ft.explaining.scores import Score
from kerastune_ft.graph import keras_private
from kerastune_ft.training.evaluation.pictures import MediaFile
from kerastune_ft.training.session.session import Session

_STEPS, _MOST_STEPS, _GOOD = 32, 256, 0.05
_AT_ONCE = 32
# What tokenizers write in front of the beginning of a word, or of what goes on one.
_BEGINNINGS, _GOES_ON = ("\u0120", "\u2581"), "##"


class TextExplainer(Explainer):
    """Integrated gradients of the token embeddings."""

    method = "Integrated gradients of the tokens: what speaks for the answer, and what against it"
    erased = "padding"

    def __init__(self, session: Session, score: Score) -> None:
        super().__init__(session, score)
        given: Any = session.backbone.input
        if given.windows(session.backbone.model) is not None:
            raise ConfigError(
                "explanations: the run reads texts in windows, over which features are averaged, and no token has a "
                'place of its own; train with "long_texts": "cut" to explain answers'
            )
        self._given, model = given, session.model
        self._embedding, embedded = _find_embedding(session)
        self._names = list(model.input)
        # Keras wants the keys of inputs to be their names.
        self._embedded = str(embedded.name)
        starts = {self._embedded: embedded, **{name: model.input[name] for name in self._names}}
        self._tail = keras.Model(starts, model.output)
        self._answer = tf.function(lambda values: self._tail(values, training=False), reduce_retracing=True)
        self._slopes = tf.function(self._compute, autograph=False, reduce_retracing=True)

    def answer(self, inputs: Any) -> np.ndarray:
        """Return the raw outputs of an example."""
        return np.asarray(self._answer(self._repeat(inputs, self._embed(inputs))))[0]

    def find_heat(self, inputs: Any, chosen: int) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
        """Return what each token adds to the answer; special ones and padding may not be erased."""
        embedded, base, ordinary = self._prepare(inputs)
        ends = self._answer(self._repeat(inputs, tf.concat([base, embedded], axis=0)))
        first, last = np.asarray(self.score.tensor(ends, chosen))
        steps = _STEPS
        while True:
            heat = self._integrate(inputs, base, embedded, chosen, steps)
            missed = abs(float(heat.sum()) - float(last - first))
            if missed <= _GOOD * max(abs(float(last - first)), 1e-6) or steps >= _MOST_STEPS:
                break
            steps *= 2
        about = {
            "tokens": self._name_tokens(inputs, heat, ordinary),
            "change": round(float(last - first), 4),
            "missed": round(missed, 4),
        }
        return heat, ordinary, about

    def erase_and_answer(self, inputs: Any, erased: np.ndarray) -> np.ndarray:
        """Return the raw outputs with the embeddings of tokens replaced by that of padding."""
        embedded, base, _ = self._prepare(inputs)
        values = tf.where(tf.constant(erased[..., None]), base, embedded)
        return np.asarray(self._answer(self._repeat(inputs, values)))

    def draw(self, explained: Explained) -> list[MediaFile]:
        """Return nothing: the page shows the tokens themselves."""
        return []

    def _embed(self, inputs: Any) -> tf.Tensor:
        return tf.cast(self._embedding(inputs[TOKEN_IDS]), tf.float32)

    def _prepare(self, inputs: Any) -> tuple[tf.Tensor, tf.Tensor, np.ndarray]:
        """Return the embeddings of the text and of padding in the places of its ordinary tokens, and these places."""
        ids = np.asarray(inputs[TOKEN_IDS])[0]
        special = {*self._given.start, *self._given.separator, *self._given.end}
        ordinary = (np.asarray(inputs[PADDING_MASK])[0] > 0) & ~np.isin(ids, list(special))
        if not ordinary.any():
            ordinary = np.asarray(inputs[PADDING_MASK])[0] > 0
        padded = np.where(ordinary, self._given.pad, ids)[None]
        return self._embed(inputs), self._embed({TOKEN_IDS: tf.constant(padded, tf.int32)}), ordinary

    def _repeat(self, inputs: Any, embedded: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return what the tail takes: embeddings, and the other inputs of the text once for each row of them."""
        count = embedded.shape[0]
        return {**{name: tf.repeat(inputs[name], count, axis=0) for name in self._names}, self._embedded: embedded}

    def _integrate(self, inputs: Any, base: tf.Tensor, embedded: tf.Tensor, chosen: int, steps: int) -> np.ndarray:
        """Return what each token adds, by the midpoint rule in so many steps, float64 [tokens]."""
        total = np.zeros(embedded.shape[1:], np.float64)
        places = (np.arange(steps) + 0.5) / steps
        for start in range(0, steps, _AT_ONCE):
            shares = tf.constant(places[start : start + _AT_ONCE, None, None], tf.float32)
            values = self._repeat(inputs, base + shares * (embedded - base))
            total += np.asarray(self._slopes(values, tf.constant(chosen)), np.float64).sum(axis=0)
        way = np.asarray(embedded - base, np.float64)[0]
        added: np.ndarray = (total / steps * way).sum(axis=-1)
        return added

    def _compute(self, values: dict[str, tf.Tensor], chosen: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(values[self._embedded])
            score = self.score.tensor(self._tail(values, training=False), chosen)
        return tape.gradient(score, values[self._embedded])

    def _name_tokens(self, inputs: Any, heat: np.ndarray, ordinary: np.ndarray) -> list[list[Any]]:
        """Return the text of each ordinary token with what it adds; a blank in front where a word begins."""
        ids = np.asarray(inputs[TOKEN_IDS])[0]
        return [
            [name_token(self._given.tokenizer, int(ids[place])), round(float(heat[place]), 4)]
            for place in np.flatnonzero(ordinary)
        ]


def _find_embedding(session: Session) -> tuple[Any, Any]:
    """Return the layer that embeds tokens, and what it gives in the model; ConfigError where there is none of its own.

    A layer may be part of other models as well, in which it gives other tensors.
    """
    for node in keras_private.nodes_in_order(session.model):
        layer, given = node.operation, node.outputs[0]
        if isinstance(layer, keras.layers.Embedding) and "token" in layer.name and len(given.shape) == 3:
            return layer, given
    raise ConfigError(
        f"explanations: {session.backbone.name} has no layer of its own that embeds tokens, so their part in an answer "
        "cannot be told"
    )


def name_token(tokenizer: Any, number: int) -> str:
    """Return a token as it stands in a text, with a blank in front where a word begins."""
    try:
        text = str(tokenizer.id_to_token(number))
    except (AttributeError, NotImplementedError):
        # Tokenizers of bytes have no vocabulary.
        return chr(number) if 32 <= number < 127 else "\N{REPLACEMENT CHARACTER}"
    if text.startswith(_BEGINNINGS):
        return f" {text[1:]}"
    return text.removeprefix(_GOES_ON) if text.startswith(_GOES_ON) else f" {text}"
