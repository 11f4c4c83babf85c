"""Hidden states with labels at some positions; as a program, it prints their losses summed over two replicas."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import tensorflow as tf

from kerastune_ft.losses.tokens import compute_token_losses

BATCH, LENGTH, WIDTH, VOCABULARY = 3, 7, 5, 11
RANDOM = np.random.default_rng(2)
HIDDEN = RANDOM.normal(size=(BATCH, LENGTH, WIDTH)).astype(np.float32)
MATRIX = RANDOM.normal(size=(WIDTH, VOCABULARY)).astype(np.float32)
LABELS = RANDOM.integers(0, VOCABULARY, (BATCH, LENGTH)).astype(np.int32)
UPSTREAM = RANDOM.uniform(0.5, 2, (BATCH, LENGTH)).astype(np.float32)
SOME = (RANDOM.uniform(size=(BATCH, LENGTH)) < 0.4).astype(np.float32)
"""Where there is a label; the second example has none."""
SOME[1] = 0


def main() -> None:
    """Print the sum of the losses and the gradient of the matrix, reduced over both replicas."""
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    strategy = tf.distribute.MirroredStrategy(
        ["/cpu:0", "/cpu:1"], cross_device_ops=tf.distribute.ReductionToOneDevice()
    )
    # A row more than there are, without a label, makes two equal parts.
    parts = [np.concatenate([each, np.zeros_like(each[:1])]) for each in (HIDDEN, LABELS, SOME)]
    share = (BATCH + 1) // 2

    def find_part(context: Any) -> Any:
        at = context.replica_id_in_sync_group * share
        return tuple(tf.constant(each[at : at + share]) for each in parts)

    with strategy.scope():
        kernel = tf.Variable(MATRIX)

    def compute(hidden: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor) -> Any:
        with tf.GradientTape() as tape:
            losses, _ = compute_token_losses(hidden, kernel, labels, weights, trains=True, rows=2)
            total = tf.reduce_sum(losses)
        gradient = tape.gradient(total, kernel)
        context = tf.distribute.get_replica_context()
        return context.all_reduce(tf.distribute.ReduceOp.SUM, [total, gradient])

    given = strategy.experimental_distribute_values_from_function(find_part)
    total, gradient = tf.function(lambda: strategy.run(compute, args=given), autograph=False)()
    first = [strategy.experimental_local_results(each)[0] for each in (total, gradient)]
    print(json.dumps({"losses": float(first[0]), "matrix": first[1].numpy().tolist()}))


if __name__ == "__main__":
    main()
