"""The loss of written tokens, of hidden states against the matrix of a vocabulary, without all scores at a time.

The scores of a batch are [batch, length, vocabulary]: gigabytes. Here the positions that have a label come first (a
stable sort), and a loop of as many chunks as these need, each of one static shape, computes their scores alone. The
backward pass computes the scores of each chunk again. No collective is in the loop, so that replicas may take different
numbers of turns.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

ROWS = 128
"""Positions of a chunk."""
# Scores, their softmax, the gradient, and that with labels taken away, which a chunk of the backward pass holds.
_COPIES = 4
_FLOAT32 = 4


def count_bytes(width: int, vocabulary: int, *, is_tied: bool, trains: bool) -> int:
    """Return the bytes that the losses of a batch take beside its hidden states and the gradient of the matrix.

    They are the scores of one chunk; where the matrix trains also what a chunk adds to its gradient and, where it
    `is_tied` to embeddings, the gradient of these.
    """
    matrices = (1 + is_tied) * trains
    return _FLOAT32 * vocabulary * (_COPIES * ROWS + matrices * width)


def compute_token_losses(
    hidden: tf.Tensor,
    kernel: Any,
    labels: tf.Tensor,
    weights: tf.Tensor,
    *,
    bias: Any = None,
    is_transposed: bool = False,
    cap: float | None = None,
    smoothing: Any = 0.0,
    trains: bool = False,
    rows: int = ROWS,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the cross-entropy of every position and whether its label has the highest score, float32 [batch, length].

    Both are 0 where the weight is 0. `hidden` is [batch, length, width], `labels` and `weights` [batch, length];
    `kernel` is [width, vocabulary], or [vocabulary, width] where it `is_transposed`, and gets a gradient where it
    `trains`. A `bias` [vocabulary] is added to the scores, and always gets one. With a `cap` scores z are
    cap * tanh(z / cap). `smoothing` is the share of the target that is spread evenly over the vocabulary, which changes
    the loss alone.
    """
    batch, length, width = hidden.shape
    count = batch * length
    rows = min(rows, count)
    padding = -count % rows
    present = tf.pad(tf.reshape(weights, [-1]) > 0, [[0, padding]])
    order = tf.argsort(tf.cast(~present, tf.int32), stable=True)
    wanted = tf.gather(tf.pad(tf.reshape(labels, [-1]), [[0, padding]]), order)
    flat = tf.gather(tf.pad(tf.reshape(hidden, [-1, width]), [[0, padding], [0, 0]]), order)
    share = smoothing if isinstance(smoothing, int | float) else tf.cast(smoothing, tf.float32)
    chunks = _Chunks(wanted, rows, tf.math.count_nonzero(present, dtype=tf.int32), is_transposed, cap, share)
    matrix = tf.convert_to_tensor(kernel)
    added = None if bias is None else tf.convert_to_tensor(bias)
    losses, hits = chunks.compute(flat, matrix if trains else tf.stop_gradient(matrix), added, trains)
    back = tf.math.invert_permutation(order)[:count]
    mask = tf.cast(weights > 0, tf.float32)
    return (
        tf.reshape(tf.gather(losses, back), [batch, length]) * mask,
        tf.reshape(tf.gather(hits, back), [batch, length]) * mask,
    )


class _Chunks:
    """The positions of a batch, those with a label first, in chunks of one shape."""

    def __init__(
        self, labels: tf.Tensor, rows: int, present: tf.Tensor, is_transposed: bool, cap: float | None, smoothing: Any
    ) -> None:
        """`labels` [positions] are those of all chunks; the first `present` of them count."""
        self._labels, self._rows, self._total = labels, rows, labels.shape[0]
        self._turns = (present + rows - 1) // rows
        self._is_transposed, self._cap, self._smoothing = is_transposed, cap, smoothing

    def compute(
        self, hidden: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor | None, trains: bool
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Return losses and hits [positions].

        The gradient of losses reaches `hidden`, `kernel` if it trains, and `bias` if there is one.
        """

        @tf.custom_gradient
        def run(states: tf.Tensor, matrix: tf.Tensor, *added: tf.Tensor) -> tuple[tuple[tf.Tensor, tf.Tensor], Any]:
            found = self._forward(states, matrix, added)

            def differentiate(upstream: tf.Tensor, _: tf.Tensor) -> tuple[tf.Tensor | None, ...]:
                return self._backward(states, matrix, added, upstream, trains)

            return found, differentiate

        losses, hits = run(hidden, kernel, *(() if bias is None else (bias,)))
        return losses, hits

    def _piece(self, tensor: tf.Tensor, turn: tf.Tensor) -> tf.Tensor:
        size = [self._rows, *tensor.shape[1:]]
        begin = [turn * self._rows] + [0] * (len(size) - 1)
        return tf.ensure_shape(tf.slice(tensor, begin, size), size)

    def _places(self, turn: tf.Tensor) -> tf.Tensor:
        return (turn * self._rows + tf.range(self._rows))[:, tf.newaxis]

    def _scores(self, states: tf.Tensor, matrix: tf.Tensor, added: Sequence[tf.Tensor], turn: tf.Tensor) -> tf.Tensor:
        piece = self._piece(states, turn)
        scores = tf.matmul(piece, tf.cast(matrix, piece.dtype), transpose_b=self._is_transposed)
        scores = tf.cast(scores, tf.float32)
        for bias in added:
            scores += tf.cast(bias, tf.float32)
        return scores if self._cap is None else self._cap * tf.tanh(scores / self._cap)

    def _loop(self, body: Any, values: tuple) -> tuple:
        found: tuple = tf.while_loop(
            lambda turn, *_: turn < self._turns,
            body,
            (tf.constant(0), *values),
            parallel_iterations=1,
            maximum_iterations=self._total // self._rows,
        )
        return found[1:]

    def _forward(self, states: tf.Tensor, matrix: tf.Tensor, added: Sequence[tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
        def take(turn: tf.Tensor, losses: tf.Tensor, hits: tf.Tensor) -> tuple:
            scores, labels = self._scores(states, matrix, added, turn), self._piece(self._labels, turn)
            own = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, scores)
            if self._is_smooth:
                # The mean of the losses of all tokens, in the share that is spread.
                every = tf.reduce_logsumexp(scores, -1) - tf.reduce_mean(scores, -1)
                own = own + self._smoothing * (every - own)
            hit = tf.cast(tf.argmax(scores, -1, tf.int32) == labels, tf.float32)
            places = self._places(turn)
            return (
                turn + 1,
                tf.tensor_scatter_nd_update(losses, places, own),
                tf.tensor_scatter_nd_update(hits, places, hit),
            )

        losses, hits = self._loop(take, (tf.zeros([self._total]), tf.zeros([self._total])))
        return losses, hits

    @property
    def _is_smooth(self) -> bool:
        return not isinstance(self._smoothing, int | float) or self._smoothing > 0

    def _backward(
        self,
        states: tf.Tensor,
        matrix: tf.Tensor,
        added: Sequence[tf.Tensor],
        upstream: tf.Tensor,
        trains: bool,
    ) -> tuple[tf.Tensor | None, ...]:
        def take(turn: tf.Tensor, of_states: tf.Tensor, of_matrix: tf.Tensor, *of_added: tf.Tensor) -> tuple:
            scores, labels = self._scores(states, matrix, added, turn), self._piece(self._labels, turn)
            own = self._piece(upstream, turn)
            gradient = tf.nn.softmax(scores) * own[:, tf.newaxis]
            spread: Any = 0.0
            if self._is_smooth:
                spread = self._smoothing
                gradient -= spread * own[:, tf.newaxis] / scores.shape[-1]
            at = tf.stack([tf.range(self._rows), labels], 1)
            gradient = tf.tensor_scatter_nd_sub(gradient, at, own * (1.0 - spread))
            if self._cap is not None:
                gradient *= 1 - tf.square(scores / self._cap)
            of_added = tuple(each + tf.cast(tf.reduce_sum(gradient, 0), each.dtype) for each in of_added)
            gradient = tf.cast(gradient, states.dtype)
            back = tf.matmul(gradient, tf.cast(matrix, states.dtype), transpose_b=not self._is_transposed)
            if trains:
                piece = self._piece(states, turn)
                pair = (gradient, piece) if self._is_transposed else (piece, gradient)
                of_matrix += tf.cast(tf.matmul(*pair, transpose_a=True), of_matrix.dtype)
            return turn + 1, tf.tensor_scatter_nd_update(of_states, self._places(turn), back), of_matrix, *of_added

        start = tf.zeros_like(matrix) if trains else tf.zeros([])
        of_states, of_matrix, *of_added = self._loop(take, (tf.zeros_like(states), start, *map(tf.zeros_like, added)))
        return of_states, of_matrix if trains else None, *of_added
