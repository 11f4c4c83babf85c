"""The frozen part of a phase's model, computed in chunks of one shape by compiled calls of its own.

Features that are stored and features that are computed again come from the very same calls, so they are equal to the
bit on a device whose results do not depend on which examples share a batch, and where an example stands in it.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from kerastune_ft.graph import normalisation
from kerastune_ft.graph.partition import Stage
from kerastune_ft.training.devices.devices import Devices


class Prefix:
    """The stages of a frozen prefix on one or many replicas; without any it is the identity."""

    def __init__(self, devices: Devices, stages: Sequence[Stage], chunk: int) -> None:
        """`chunk` is the number of rows that every call gets on a replica."""
        self._devices, self._chunk = devices, chunk
        self.stages = tuple(stages)
        compiled = functools.partial(tf.function, autograph=False)
        self._calls = [compiled(functools.partial(self._run_stage, stage.model)) for stage in stages]
        self._split_call, self._join_call = compiled(self._split), compiled(self._join)

    def __call__(self, batch: Any, first: int = 0) -> Any:
        """Return the features of a batch; where the chunk does not divide its rows on a replica, the last is filled up.

        `first` is the stage to begin with: the batch then holds the features of the cut below it, and none is left to
        compute where it is the number of stages.
        """
        if first == len(self.stages):
            return batch
        rows = self._devices.strategy.experimental_local_results(tf.nest.flatten(batch)[0])[0].shape[0]
        pieces = [self.chunk(piece, first) for piece in self._split_call(batch)]
        return pieces[0] if rows == self._chunk else self._join_call(pieces, rows)

    def chunk(self, piece: Any, first: int = 0, last: int | None = None) -> Any:
        """Return what the stages from `first` to before `last` (by default all) make of one chunk on every replica."""
        for call in self._calls[first:last]:
            piece = call(piece)
        return piece

    def _run_stage(self, model: keras.Model, piece: Any) -> Any:
        names = normalisation.find_fusible(model)

        def of_replica(inputs: Any) -> Any:
            # Each replica is traced in a thread of its own.
            with normalisation.fuse(names):
                return model(inputs, training=False)

        return self._devices.strategy.run(of_replica, args=(piece,))

    def _split(self, batch: Any) -> Any:
        return self._devices.strategy.run(self._replica_pieces, args=(batch,))

    def _replica_pieces(self, batch: Any) -> list[Any]:
        rows = tf.nest.flatten(batch)[0].shape[0]
        starts = range(0, rows, self._chunk)
        return [tf.nest.map_structure(functools.partial(self._piece, at), batch) for at in starts]

    def _piece(self, at: int, tensor: tf.Tensor) -> tf.Tensor:
        piece = as_float(tensor[at : at + self._chunk])
        missing = self._chunk - piece.shape[0]
        return tf.concat([piece, tf.repeat(piece[-1:], missing, axis=0)], 0) if missing else piece

    def _join(self, pieces: list[Any], rows: int) -> Any:
        return self._devices.strategy.run(functools.partial(_join_replica, rows), args=(pieces,))


def _join_replica(rows: int, pieces: list[Any]) -> Any:
    return tf.nest.map_structure(lambda *parts: tf.concat(parts, 0)[:rows], *pieces)


def as_float(tensor: tf.Tensor) -> tf.Tensor:
    """Return decoded pixels as the float32 that models compute with; anything else as it is."""
    return tf.cast(tensor, tf.float32) if tensor.dtype == tf.uint8 else tensor
