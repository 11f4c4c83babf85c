"""The devices a run uses and the tf.distribute strategy over them."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from kerastune_ft.config.runtime import Runtime
from kerastune_ft.errors import ConfigError


@dataclass(frozen=True)
class Devices:
    """Where a run computes: a strategy, its devices, and what the user should know about the choice.

    With one device `strategy` is TensorFlow's default, which does nothing: a single device needs no strategy object.
    """

    kind: str
    strategy: tf.distribute.Strategy
    names: tuple[str, ...]
    note: str
    deterministic: bool

    @property
    def replicas(self) -> int:
        """Return the number of replicas."""
        return int(self.strategy.num_replicas_in_sync)

    @property
    def is_distributed(self) -> bool:
        """Return whether there is more than one replica."""
        return self.replicas > 1

    def rows(self, value: Any) -> np.ndarray:
        """Return a batch that is divided over the replicas as one array, all rows in order."""
        shares = [np.asarray(share) for share in self.strategy.experimental_local_results(value)]
        return np.concatenate(shares) if len(shares) > 1 else shares[0]

    def to_json(self) -> dict[str, Any]:
        """Return the devices as a JSON object."""
        return {
            "strategy": self.kind,
            "replicas": self.replicas,
            "devices": list(self.names),
            "note": self.note,
            "deterministic": self.deterministic,
        }

    def __str__(self) -> str:
        replicas = f"{self.replicas} replicas on " if self.is_distributed else ""
        return f"{replicas}{', '.join(self.names)}" + (f" ({self.note})" if self.note else "")


class _WithoutRetracing(logging.Filter):
    """Drops TensorFlow's advice against retracing: every phase is traced once, and must be."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record is shown."""
        return "tf.function retracing" not in record.getMessage()


_WITHOUT_RETRACING = _WithoutRetracing()


def resolve(runtime: Runtime) -> Devices:
    """Return the devices for these options, setting TensorFlow up; call it before any tensor is made.

    Raises ConfigError when more replicas are asked for than there are accelerators, or when TensorFlow was already
    initialised with fewer logical CPUs (in a notebook: restart the kernel).
    """
    # The same object each time, which a logger takes only once.
    tf.get_logger().addFilter(_WITHOUT_RETRACING)
    gpus = tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, True)
    deterministic = runtime.deterministic if runtime.deterministic is not None else not gpus
    if deterministic:
        tf.config.experimental.enable_op_determinism()
    replicas = runtime.replicas
    wanted = runtime.strategy
    if wanted == "auto":
        wanted = "mirrored" if (replicas or len(gpus)) > 1 else "none"
    if wanted == "none" or (wanted == "mirrored" and (replicas or max(1, len(gpus))) == 1):
        name = "GPU:0" if gpus else "CPU"
        return Devices("none", tf.distribute.get_strategy(), (name,), "" if gpus else _why_no_gpu(), deterministic)
    if gpus:
        return _mirrored_gpus(gpus, replicas or len(gpus), deterministic)
    return _mirrored_cpus(replicas or 1, deterministic)


def _mirrored_gpus(gpus: list, replicas: int, deterministic: bool) -> Devices:
    if replicas > len(gpus):
        raise ConfigError(f"runtime.replicas: {replicas} replicas need {replicas} GPUs, and there are {len(gpus)}")
    names = tuple(f"GPU:{number}" for number in range(replicas))
    return Devices("mirrored", tf.distribute.MirroredStrategy(list(names)), names, "", deterministic)


def _mirrored_cpus(replicas: int, deterministic: bool) -> Devices:
    cpu = tf.config.list_physical_devices("CPU")[0]
    try:
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * replicas)
    except RuntimeError as error:
        if len(tf.config.list_logical_devices("CPU")) < replicas:
            raise ConfigError(
                f"runtime.replicas: TensorFlow already runs in this process with fewer than {replicas} logical CPUs; "
                "start a new process (in a notebook: restart the kernel)"
            ) from error
    names = tuple(f"CPU:{number}" for number in range(replicas))
    strategy = tf.distribute.MirroredStrategy(
        [f"/cpu:{number}" for number in range(replicas)], cross_device_ops=tf.distribute.ReductionToOneDevice()
    )
    return Devices("mirrored", strategy, names, f"the CPU split into {replicas} logical devices", deterministic)


def _why_no_gpu() -> str:
    if not tf.test.is_built_with_cuda() and os.path.exists("/dev/nvidia0"):
        return "there is a GPU, but this TensorFlow was built without CUDA: pip install tensorflow[and-cuda]"
    if os.path.exists("/dev/nvidia0"):
        return "there is a GPU, but its libraries were not found: pip install tensorflow[and-cuda]"
    return "no GPU found"
