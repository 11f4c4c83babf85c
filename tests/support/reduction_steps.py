"""Makes steps on one and on two logical CPUs, for every cross-device operation that can be had there; prints them.

In a process of its own, since the number of logical CPUs is fixed when TensorFlow starts.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import tensorflow as tf

from kerastune_ft.config.options.runtime import Runtime
from kerastune_ft.graph.rebuild.precision import FLOAT16, FLOAT32
from kerastune_ft.training.devices import devices as device_choice
from kerastune_ft.training.devices.devices import Devices
from kerastune_ft.training.devices.reduction import sum_over_replicas
from tests.support.overflow_steps import Steps

CPUS = ["/cpu:0", "/cpu:1"]
TYPES = ("float16", "float64", "int32", "float32", "float16", "int64", "float32")
# What runs on two logical CPUs; that of MirroredStrategy's own choice is the collective one, as it is on GPUs.
OPERATIONS: dict[str, Any] = {
    "one device": tf.distribute.ReductionToOneDevice(),
    "hierarchical copy": tf.distribute.HierarchicalCopyAllReduce(),
    "collective": None,
}


def make_steps(devices: Devices, policies: tuple[str, ...]) -> dict[str, Any]:
    """Return sums and weights after two steps of a model with a BatchNorm that trains, by precision."""
    made = {}
    for policy in policies:
        steps = Steps(replace(devices, precision=policy), with_norm=True)
        for seed in range(2):
            steps.make(seed, padded=1)
        weights = np.concatenate([variable.numpy().ravel() for variable in steps.trained])
        made[policy] = {"sums": [row["sums"] for row in steps.log], "weights": weights.tolist()}
    return made


def sum_types(strategy: tf.distribute.Strategy) -> list[list[Any]]:
    """Return type and values of tensors of several types, summed over the replicas."""

    def replica() -> list[tf.Tensor]:
        own = tf.distribute.get_replica_context().replica_id_in_sync_group + 1
        return sum_over_replicas([
            tf.cast(own * (position + 1), kind) * tf.ones([position + 1], kind) for position, kind in enumerate(TYPES)
        ])  # fmt: skip

    found = tf.function(lambda: strategy.run(replica), autograph=False)()
    values = [strategy.experimental_local_results(value)[0].numpy() for value in found]
    return [[value.dtype.name, value.tolist()] for value in values]


def trace_nccl() -> list[str]:
    """Return the types of the tensors that NCCL's reductions get in a compiled sum of several types.

    No CPU can carry them out: NCCL has kernels for GPUs alone.
    """
    strategy = tf.distribute.MirroredStrategy(CPUS, cross_device_ops=tf.distribute.NcclAllReduce())

    def replica() -> list[tf.Tensor]:
        return sum_over_replicas([tf.ones([3], kind) for kind in TYPES])

    traced = tf.function(lambda: strategy.run(replica), autograph=False).get_concrete_function()
    return sorted(op.inputs[0].dtype.name for op in traced.graph.get_operations() if op.type == "NcclAllReduce")


if __name__ == "__main__":
    # Steps in float16 apply their update by another way; both take as long again.
    is_whole = sys.argv[1:] == ["all"]
    policies = (FLOAT32, FLOAT16) if is_whole else (FLOAT32,)
    two = device_choice.resolve(Runtime(strategy="mirrored", replicas=2))
    one = replace(two, kind="none", strategy=tf.distribute.get_strategy(), names=("CPU",))
    found: dict[str, Any] = {"one replica": {"steps": make_steps(one, policies)}}
    for operation, given in OPERATIONS.items():
        if operation == "one device" and not is_whole:
            continue
        strategy = tf.distribute.MirroredStrategy(CPUS, cross_device_ops=given)
        steps = make_steps(replace(two, strategy=strategy), policies)
        found[operation] = {"steps": steps, "types": sum_types(strategy)}
    print(json.dumps({**found, "nccl": trace_nccl()}))
