"""The loop over tokens: one compiled call over prompts, then compiled calls of as many tokens as are asked for."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from kerastune_ft.config.options.language.tasks import Generation
from kerastune_ft.generation.decoding import TOKENS, Decoding
from kerastune_ft.generation.sampling import Sampling
from kerastune_ft.graph import randomness

_ADDRESS = "generation"
Shapes = tuple[tuple[Any, ...], ...]
"""The shapes of inputs by name."""


@dataclass
class Batch:
    """Rows of a text each, as far as they are written."""

    tokens: np.ndarray
    """int32 [rows, total]."""
    counts: np.ndarray
    """How many tokens of each row are given, int32 [rows]."""
    limits: np.ndarray
    """How many tokens each row may have, int32 [rows]."""
    done: np.ndarray
    """Which rows are written to their end, bool [rows]; whoever reads them may end more of them."""
    reached: int = 0
    """How many tokens of every row that is not done are written or given."""


class Loop:
    """Writes batches of texts with a model; every shape is compiled once."""

    def __init__(self, decoding: Decoding, ends: Sequence[int]) -> None:
        """`ends` are the tokens that end a text."""
        self._decoding, self._ends = decoding, tf.constant(list(ends) or [-1], tf.int32)
        # A function for each shape, as one of many shapes complains of being traced so often.
        self._begin: dict[Shapes, Any] = {}
        self._advance: dict[tuple[Sampling, Shapes], Any] = {}

    def write(
        self,
        inputs: Mapping[str, np.ndarray],
        batch: Batch,
        keys: Sequence[int],
        options: Generation,
        seed: int,
        step: int,
    ) -> Iterator[Batch]:
        """Yield the batch after every `step` tokens until all of its rows are done, changed in place."""
        given = {name: tf.constant(value) for name, value in inputs.items()}
        own = randomness.example_keys(f"{seed}/{_ADDRESS}", 0, tf.constant(list(keys), tf.int64))
        settings = (tf.constant(options.temperature, tf.float32), tf.constant(options.top_p or 1.0, tf.float32))
        shapes = tuple((name, *value.shape) for name, value in sorted(given.items()))
        advance = self._compile(Sampling.of(options), shapes)
        state, tokens = self._begin[shapes](given), given[TOKENS]
        batch.reached = int(batch.counts[~batch.done].min())
        while not batch.done.all():
            until = min(batch.reached + step, batch.tokens.shape[1])
            ends = tf.constant(batch.counts), tf.constant(batch.limits)
            at = tf.constant([batch.reached, until])
            known = tokens, tf.constant(batch.done), state
            reached, tokens, done, state = advance(given, known, at, ends, own, settings)
            batch.tokens, batch.done, batch.reached = np.array(tokens), np.array(done), int(reached)
            yield batch

    def _compile(self, sampling: Sampling, shapes: Shapes) -> Any:
        if shapes not in self._begin:
            self._begin[shapes] = tf.function(self._decoding.begin, autograph=False)
        if (sampling, shapes) not in self._advance:
            compute = functools.partial(self._compute, sampling)
            self._advance[sampling, shapes] = tf.function(compute, autograph=False)
        return self._advance[sampling, shapes]

    def _compute(
        self,
        sampling: Sampling,
        inputs: Mapping[str, tf.Tensor],
        known: tuple[tf.Tensor, tf.Tensor, Any],
        at: tf.Tensor,
        ends: tuple[tf.Tensor, tf.Tensor],
        keys: tf.Tensor,
        settings: tuple[tf.Tensor, tf.Tensor],
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, Any]:
        """Write the tokens from `at[0]` up to `at[1]`, or until all rows are done; a graph function."""
        counts, limits = ends
        rows, total = known[0].shape

        def write_one(index: tf.Tensor, tokens: tf.Tensor, done: tf.Tensor, state: Any) -> tuple:
            before = tf.ensure_shape(tf.slice(tokens, [0, index - 1], [rows, 1]), [rows, 1])
            scores, state = self._decoding.step(inputs, before, state, index - 1)
            drawn = sampling.choose(scores, randomness.fold_numbers(keys, index - counts), *settings)
            # The next token of a longer prompt is given; a row that is done stays as it is.
            writes = (index >= counts) & ~done
            column = tf.range(total)[tf.newaxis] == index
            tokens = tf.where(column & writes[:, tf.newaxis], drawn[:, tf.newaxis], tokens)
            is_end = tf.reduce_any(drawn[:, tf.newaxis] == self._ends[tf.newaxis], -1)
            return index + 1, tokens, done | (writes & (is_end | (index + 1 >= limits))), state

        found: tuple = tf.while_loop(
            lambda index, _, done, __: (index < at[1]) & ~tf.reduce_all(done),
            write_one,
            (at[0], *known),
            parallel_iterations=1,
        )
        return found
