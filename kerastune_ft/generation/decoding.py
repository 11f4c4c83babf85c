"""What the loop over tokens asks of a model: a first call over what is given, and a call for each further token."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kerastune_ft.backbones.language.generator import task_class
from kerastune_ft.backbones.text_input import PADDING_MASK, TOKEN_IDS
from kerastune_ft.generation import hub_calls

TOKENS = "tokens"
"""The name among inputs of the tokens of all rows, int32 [rows, length], those that are still to be written being 0."""
_MASK = "mask"


class Decoding(ABC):
    """A model that writes, as compiled calls see it, whose shapes are static but perhaps for the number of rows.

    What a prompt is, each kind of model says itself; one that goes on with texts takes the ids of its tokens.
    """

    positions: int
    """The most tokens of a text, those of its beginning included."""
    longest: int | None = None
    """The most that `measure` returns; None where it is `positions`."""
    takes_any_rows: bool = False
    """Whether what is compiled serves any number of rows, else every number is compiled."""

    @abstractmethod
    def count(self, prompt: Any) -> int:
        """Return how many tokens a text begins with, at least one."""

    def measure(self, prompt: Any) -> int:
        """Return the length by which prompts are padded together; by default that of the beginning of the text."""
        return self.count(prompt)

    def find_room(self, length: int, most: int) -> int:
        """Return how many tokens of a text may stand before its answer in a batch whose prompts are padded to `length`.

        `most` is what the longest beginning in the batch has; by default texts begin with their prompts.
        """
        return max(length, most)

    @abstractmethod
    def arrange(self, prompts: Sequence[Any], length: int, total: int) -> dict[str, np.ndarray]:
        """Return the inputs of a batch by name, `TOKENS` [rows, total] among them.

        `length` is what prompts are padded to; see `measure`.
        """

    @abstractmethod
    def begin(self, inputs: Mapping[str, tf.Tensor]) -> Any:
        """Return what further calls need of what is given, a nest of tensors, rows first; a graph function."""

    @abstractmethod
    def step(
        self, inputs: Mapping[str, tf.Tensor], tokens: tf.Tensor, state: Any, index: tf.Tensor
    ) -> tuple[tf.Tensor, Any]:
        """Return the scores [rows, vocabulary] of what follows `tokens` [rows, 1] at `index`, and the state after.

        A graph function. A position may be given a second time, and then counts as it is given last.
        """


class TokenDecoding(Decoding):
    """A model that goes on with texts; a prompt is the ids of its tokens, int32 [tokens]."""

    takes_any_rows = True

    def __init__(self, body: keras.Model, positions: int) -> None:
        """`body` is the backbone of keras-hub, whose variables are shared and may change between calls."""
        self.positions, self._body = positions, body

    def count(self, prompt: np.ndarray) -> int:
        """Return how many tokens a prompt has."""
        return len(prompt)

    def arrange(self, prompts: Sequence[np.ndarray], length: int, total: int) -> dict[str, np.ndarray]:
        """Return the tokens of prompts, and a mask that is 1 where there is one."""
        tokens = np.zeros((len(prompts), total), np.int32)
        mask = np.zeros((len(prompts), total), np.int32)
        for row, prompt in enumerate(prompts):
            tokens[row, : len(prompt)], mask[row, : len(prompt)] = prompt, 1
        return {TOKENS: tokens, _MASK: mask}


class CausalDecoding(TokenDecoding):
    """A language model of keras-hub that keeps keys and values of the tokens before."""

    def __init__(self, body: keras.Model, positions: int) -> None:
        """See `TokenDecoding`."""
        super().__init__(body, positions)
        self._task = task_class(body)(backbone=body, preprocessor=None)

    def begin(self, inputs: Mapping[str, tf.Tensor]) -> Any:
        """Return keys and values of the tokens of prompts, by layer."""
        return hub_calls.build_cache(self._task, inputs[TOKENS], inputs[_MASK])

    def step(
        self, inputs: Mapping[str, tf.Tensor], tokens: tf.Tensor, state: Any, index: tf.Tensor
    ) -> tuple[tf.Tensor, Any]:
        """Return the scores after a token, and keys and values with its own."""
        return hub_calls.call_with_cache(self._task, tokens, state, index)


class WholeDecoding(TokenDecoding):
    """A language model that computes all tokens of a text again for each further one."""

    def begin(self, inputs: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """Return the tokens of prompts, to which those that are written are added."""
        return inputs[TOKENS]

    def step(
        self, inputs: Mapping[str, tf.Tensor], tokens: tf.Tensor, state: tf.Tensor, index: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the scores after a token, and all tokens with it."""
        column = tf.range(state.shape[1])[tf.newaxis] == index
        rows = tf.where(column, tokens, state)
        # What is behind `index` is not looked at: every token sees those before it alone.
        given = {TOKEN_IDS: rows, PADDING_MASK: tf.ones_like(rows)}
        hidden = self._body({name: given[name] for name in self._body.input}, training=False)
        return self._body.token_embedding(hidden[:, index], reverse=True), rows


def make_decoding(body: keras.Model, positions: int) -> Decoding:
    """Return the decoding of a backbone that goes on with texts: with a cache, where keras-hub's is right."""
    kind = WholeDecoding if type(body).__name__ in hub_calls.WRONG_CACHES else CausalDecoding
    return kind(body, positions)
