"""Computes the frozen part of a phase's model, in chunks of one shape.

Features to be stored and features computed again in every epoch come from the same compiled calls, so they are
bit-identical on devices where the results of an example do not depend on the other examples in the batch.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from kerastune_ft.graph import normalisation
from kerastune_ft.graph.partition import Stage
from kerastune_ft.graph.rebuild import precision
from kerastune_ft.training.devices.devices import Devices


class Prefix:
    """The stages of a frozen prefix, on one or more replicas; without stages it is the identity."""

    def __init__(self, devices: Devices, stages: Sequence[Stage], chunk: int) -> None:
        """`chunk` is the number of rows of each call on a replica."""
        self._devices, self._chunk = devices, chunk
        self.stages = tuple(stages)
        compiled = functools.partial(tf.function, autograph=False)
        self._calls = [compiled(functools.partial(self._run_stage, self._lower(stage), stage)) for stage in stages]
        self._split_call, self._join_call = compiled(self._split), compiled(self._join)

    def __call__(self, batch: Any, first: int = 0) -> Any:
        """Return the features of a batch, computed by the stages from `first` on.

        The batch holds the features of the cut below stage `first`; they are returned as they are where `first` is the
        number of stages. The last chunk of a replica is filled up where its rows are fewer.
        """
        if first == len(self.stages):
            return batch
        rows = self._devices.strategy.experimental_local_results(tf.nest.flatten(batch)[0])[0].shape[0]
        pieces = [self.chunk(piece, first) for piece in self._split_call(batch)]
        return pieces[0] if rows == self._chunk else self._join_call(pieces, rows)

    def chunk(self, piece: Any, first: int = 0, last: int | None = None) -> Any:
        """Return one chunk on every replica after the stages from `first` to before `last`, by default to the end."""
        for call in self._calls[first:last]:
            piece = call(piece)
        return piece

    def _lower(self, stage: Stage) -> keras.Model:
        """Return the model of a stage, or one of the same values that computes by the policy of the stage."""
        if stage.precision is None:
            return stage.model
        with self._devices.strategy.scope():
            return precision.rebuild(stage.model, stage.precision)

    def _run_stage(self, model: keras.Model, stage: Stage, piece: Any) -> Any:
        names = normalisation.find_fusible(model)
        types = [tensor.dtype for tensor in stage.cut]

        def run_replica(inputs: Any) -> Any:
            # Each replica is traced in a thread of its own.
            with normalisation.fuse(names):
                outputs = model(inputs, training=False)
            if stage.precision is None:
                return outputs
            flat = tf.nest.flatten(outputs)
            return tf.nest.pack_sequence_as(outputs, [tf.cast(*pair) for pair in zip(flat, types, strict=True)])

        return self._devices.strategy.run(run_replica, args=(piece,))

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
    """Return uint8 pixels, and features in bfloat16, as float32; any other tensor as it is."""
    return tf.cast(tensor, tf.float32) if tensor.dtype in (tf.uint8, tf.bfloat16) else tensor
