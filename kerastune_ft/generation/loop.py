"""The loop over tokens: one compiled call over prompts, then compiled calls of as many tokens as are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from kerastune_ft.generation.decoding import TOKENS, Decoding
from kerastune_ft.generation.sampling import Draws
from kerastune_ft.graph import randomness

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
    """Writes batches of texts with a model; every shape is compiled once, for any number of rows where that can be."""

    def __init__(self, decoding: Decoding, ends: Sequence[int]) -> None:
        """`ends` are the tokens that end a text."""
        self._decoding, self._ends = decoding, tf.constant(list(ends) or [-1], tf.int32)
        self._begin: dict[Shapes, Any] = {}
        self._advance: dict[Shapes, Any] = {}

    def write(self, inputs: Mapping[str, np.ndarray], batch: Batch, draws: Draws, step: int) -> Iterator[Batch]:
        """Yield the batch after every `step` tokens until all of its rows are done, changed in place."""
        given = {name: tf.constant(value) for name, value in inputs.items()}
        rows = None if self._decoding.takes_any_rows else len(batch.counts)
        shapes = tuple((name, rows, *value.shape[1:]) for name, value in sorted(given.items()))
        state, tokens = self._compile_begin(given, rows, shapes)(given), given[TOKENS]
        batch.reached = int(batch.counts[~batch.done].min())
        while not batch.done.all():
            until = min(batch.reached + step, batch.tokens.shape[1])
            ends = tf.constant(batch.counts), tf.constant(batch.limits)
            known = (given, tokens, tf.constant(batch.done), state, ends, draws)
            at = tf.constant([batch.reached, until])
            reached, tokens, done, state = self._compile_advance(known, rows, shapes)(at, *known)
            batch.tokens, batch.done, batch.reached = np.array(tokens), np.array(done), int(reached)
            yield batch

    def _compile_begin(self, given: Mapping[str, tf.Tensor], rows: int | None, shapes: Shapes) -> Any:
        if shapes not in self._begin:
            self._begin[shapes] = _compile(self._decoding.begin, [_specify(given, rows)])
        return self._begin[shapes]

    def _compile_advance(self, known: tuple, rows: int | None, shapes: Shapes) -> Any:
        if shapes not in self._advance:
            specs = [tf.TensorSpec([2], tf.int32), *_specify(known, rows)]
            self._advance[shapes] = _compile(self._compute, specs)
        return self._advance[shapes]

    def _compute(
        self,
        at: tf.Tensor,
        inputs: Mapping[str, tf.Tensor],
        tokens: tf.Tensor,
        done: tf.Tensor,
        state: Any,
        ends: tuple[tf.Tensor, tf.Tensor],
        draws: Draws,
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, Any]:
        """Write the tokens from `at[0]` up to `at[1]`, or until all rows are done; a graph function."""
        counts, limits = ends
        rows, total = tokens.shape

        def write_one(index: tf.Tensor, tokens: tf.Tensor, done: tf.Tensor, state: Any) -> tuple:
            before = tf.ensure_shape(tf.slice(tokens, [0, index - 1], [-1, 1]), [rows, 1])
            scores, state = self._decoding.step(inputs, before, state, index - 1)
            drawn = draws._replace(keys=randomness.fold_numbers(draws.keys, index - counts)).choose(scores)
            # The next token of a longer prompt is given; a row that is done stays as it is.
            writes = (index >= counts) & ~done
            column = tf.range(total)[tf.newaxis] == index
            tokens = tf.where(column & writes[:, tf.newaxis], drawn[:, tf.newaxis], tokens)
            is_end = tf.reduce_any(drawn[:, tf.newaxis] == self._ends[tf.newaxis], -1)
            return index + 1, tokens, done | (writes & (is_end | (index + 1 >= limits))), state

        found: tuple = tf.while_loop(
            lambda index, _, done, __: (index < at[1]) & ~tf.reduce_all(done),
            write_one,
            (at[0], tokens, done, state),
            parallel_iterations=1,
        )
        return found


def _specify(values: Any, rows: int | None) -> Any:
    """Return the shapes and types of a nest of tensors, for any number of rows where `rows` is None."""
    return tf.nest.map_structure(
        lambda each: tf.TensorSpec(each.shape if rows else [None, *each.shape[1:]], each.dtype), values
    )


def _compile(function: Callable[..., Any], specs: Sequence[Any]) -> Any:
    """Return a function for these shapes alone, which is traced here and never again.

    One tf.function of all shapes would be traced for each as well, and warn of it as if that were by mistake.
    """
    return tf.function(function, autograph=False).get_concrete_function(*specs)
