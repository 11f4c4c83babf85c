"""Sums tensors over the replicas, one reduction for each type of tensor."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf


def sum_over_replicas(tensors: Sequence[tf.Tensor]) -> list[tf.Tensor]:
    """Return these tensors summed over all replicas, in their order and types; called in a replica.

    TensorFlow packs the tensors of a reduction into one vector where GPUs or processes exchange them, and cannot pack
    two types together: so every type has a reduction of its own.
    """
    context = tf.distribute.get_replica_context()
    by_type: dict[tf.DType, list[int]] = {}
    for position, tensor in enumerate(tensors):
        by_type.setdefault(tensor.dtype, []).append(position)
    summed: dict[int, tf.Tensor] = {}
    for positions in by_type.values():
        reduced = context.all_reduce(tf.distribute.ReduceOp.SUM, [tensors[position] for position in positions])
        summed |= dict(zip(positions, reduced, strict=True))
    return [summed[position] for position in range(len(tensors))]
