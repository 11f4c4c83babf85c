"""The choice of a token by its score: the best one, or one that is drawn by address."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import tensorflow as tf

from kerastune_ft.config.options.language.tasks import Generation
from kerastune_ft.graph import randomness

_SITE, _ADDRESS = "token", "generation"
_ALL = 2**31 - 1


class Draws(NamedTuple):
    """How the tokens of rows are drawn: of each by its own numbers, whatever those of the rows beside it are.

    All are tensors, so that one compiled step serves rows of every kind together.
    """

    keys: tf.Tensor
    """uint32 [rows, 2], as `graph.randomness` has them."""
    temperature: tf.Tensor
    """float32 [rows, 1]; 0 where the token with the highest score is taken."""
    top_k: tf.Tensor
    """How many of the most probable tokens may be drawn, int32 [rows, 1]."""
    top_p: tf.Tensor
    """The probability that those which may be drawn have together, float32 [rows, 1]; 1 for all."""

    @classmethod
    def of(cls, rows: Sequence[tuple[int, int, Generation]]) -> Draws:
        """Return the draws of rows by their seeds, their keys and how they are written."""
        keys = [randomness.example_keys(f"{seed}/{_ADDRESS}", 0, tf.constant([key], tf.int64)) for seed, key, _ in rows]
        return cls(
            tf.concat(keys, 0),
            tf.constant([[options.temperature] for *_, options in rows], tf.float32),
            tf.constant([[options.top_k or _ALL] for *_, options in rows], tf.int32),
            tf.constant([[options.top_p or 1.0] for *_, options in rows], tf.float32),
        )

    def choose(self, scores: tf.Tensor) -> tf.Tensor:
        """Return a token for each row, int32 [rows], from scores [rows, vocabulary]; a graph function.

        A row's token depends on its scores and its own numbers alone. Scores are divided by the temperature; then the
        `top_k` highest are kept, and of these the highest that have a probability of at least `top_p` together.
        """
        scores = tf.cast(scores, tf.float32)
        best = tf.argmax(scores, -1, tf.int32)
        is_drawn = self.temperature > 0
        # What no row asks for is not computed.
        drawn = tf.cond(tf.reduce_any(is_drawn), lambda: self._draw(scores, is_drawn), lambda: best)
        return tf.where(is_drawn[:, 0], drawn, best)

    def _draw(self, scores: tf.Tensor, is_drawn: tf.Tensor) -> tf.Tensor:
        scores = scores / tf.where(is_drawn, self.temperature, 1.0)
        is_limited = is_drawn & (self.top_k < scores.shape[-1])
        scores = tf.cond(
            tf.reduce_any(is_limited), lambda: self._keep_most_probable(scores, is_limited), lambda: scores
        )
        is_cut = is_drawn & (self.top_p < 1)
        scores = tf.cond(tf.reduce_any(is_cut), lambda: self._keep_probability(scores, is_cut), lambda: scores)
        # The highest of scores with Gumbel noise is a draw from their softmax; draws are multiples of 2**-24.
        draws = randomness.uniform(self.keys, _SITE, [scores.shape[-1]]) + 2.0**-25
        return tf.argmax(scores - tf.math.log(-tf.math.log(draws)), -1, tf.int32)

    def _keep_most_probable(self, scores: tf.Tensor, is_limited: tf.Tensor) -> tf.Tensor:
        kept = tf.where(is_limited, self.top_k, 1)
        best = tf.math.top_k(scores, tf.reduce_max(kept)).values
        return _keep_from(scores, tf.where(is_limited, tf.gather(best, kept - 1, batch_dims=1), float("-inf")))

    def _keep_probability(self, scores: tf.Tensor, is_cut: tf.Tensor) -> tf.Tensor:
        ordered = tf.sort(scores, direction="DESCENDING")
        before = tf.cumsum(tf.nn.softmax(ordered), axis=-1, exclusive=True)
        least = tf.reduce_min(tf.where(before < self.top_p, ordered, float("inf")), -1, keepdims=True)
        return _keep_from(scores, tf.where(is_cut, least, float("-inf")))


def _keep_from(scores: tf.Tensor, least: tf.Tensor) -> tf.Tensor:
    return tf.where(scores >= least, scores, float("-inf"))
