"""The choice of a token by its score: the best one, or one that is drawn by address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import tensorflow as tf

from kerastune_ft.config.options.language.tasks import Generation
from kerastune_ft.graph import randomness

_SITE, _ADDRESS = "token", "generation"


@dataclass(frozen=True)
class Sampling:
    """Which tokens may be drawn; what a compiled step does is decided by it."""

    draws: bool
    """Whether tokens are drawn, else the one with the highest score is taken."""
    limits: bool
    """Whether only the most probable ones are drawn, up to a number."""
    cuts: bool
    """Whether only those are drawn that have a probability together."""

    @classmethod
    def of(cls, options: Generation) -> Sampling:
        """Return the sampling that options ask for."""
        draws = options.temperature > 0
        return cls(draws, draws and options.top_k is not None, draws and options.top_p is not None)

    def choose(
        self, scores: tf.Tensor, keys: tf.Tensor, temperature: tf.Tensor, top_k: tf.Tensor, top_p: tf.Tensor
    ) -> tf.Tensor:
        """Return a token for each row, int32 [rows], from scores [rows, vocabulary]; a graph function.

        `keys` are those of `graph.randomness`, uint32 [rows, 2]: a row's token depends on its scores and its key alone.
        Scores are divided by `temperature`; then the `top_k` highest are kept, and of these the highest that have a
        probability of at least `top_p` together. Each is [rows, 1], `top_k` int32 and the others float32.
        """
        scores = tf.cast(scores, tf.float32)
        if not self.draws:
            return tf.argmax(scores, -1, tf.int32)
        scores = scores / temperature
        if self.limits:
            # A tensor, so that one step is compiled for all numbers.
            kept = tf.minimum(top_k, scores.shape[-1])
            best = tf.math.top_k(scores, tf.reduce_max(kept)).values
            scores = _keep_from(scores, tf.gather(best, kept - 1, batch_dims=1))
        if self.cuts:
            ordered = tf.sort(scores, direction="DESCENDING")
            before = tf.cumsum(tf.nn.softmax(ordered), axis=-1, exclusive=True)
            least = tf.reduce_min(tf.where(before < top_p, ordered, float("inf")), -1, keepdims=True)
            scores = _keep_from(scores, least)
        # The highest of scores with Gumbel noise is a draw from their softmax; draws are multiples of 2**-24.
        draws = randomness.uniform(keys, _SITE, [scores.shape[-1]]) + 2.0**-25
        return tf.argmax(scores - tf.math.log(-tf.math.log(draws)), -1, tf.int32)


def _keep_from(scores: tf.Tensor, least: tf.Tensor) -> tf.Tensor:
    return tf.where(scores >= least, scores, float("-inf"))


@dataclass(frozen=True)
class Draws:
    """How the tokens of rows are drawn: of each by its own numbers, whatever those of the rows beside it are."""

    keys: tf.Tensor
    """uint32 [rows, 2], as `graph.randomness` has them."""
    temperature: tf.Tensor
    """float32 [rows, 1]."""
    top_k: tf.Tensor
    """int32 [rows, 1]."""
    top_p: tf.Tensor
    """float32 [rows, 1]."""

    @classmethod
    def of(cls, rows: Sequence[tuple[int, int, Generation]]) -> Draws:
        """Return the draws of rows by their seeds, their keys and how they are written."""
        keys = [randomness.example_keys(f"{seed}/{_ADDRESS}", 0, tf.constant([key], tf.int64)) for seed, key, _ in rows]
        temperature = [[options.temperature] for *_, options in rows]
        top_k = [[options.top_k or 1] for *_, options in rows]
        top_p = [[options.top_p or 1.0] for *_, options in rows]
        return cls(
            tf.concat(keys, 0),
            tf.constant(temperature, tf.float32),
            tf.constant(top_k, tf.int32),
            tf.constant(top_p, tf.float32),
        )
