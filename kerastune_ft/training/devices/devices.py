"""The devices a run uses and the tf.distribute strategy over them."""

from __future__ import annotations

import contextlib
import functools
import json
import logging
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import tensorflow as tf

from kerastune_ft.config.options.runtime import Runtime
from kerastune_ft.errors import ConfigError
from kerastune_ft.graph.rebuild.precision import FLOAT32
from kerastune_ft.training.devices import gpu_memory, precision, tpu, tpu_strategy
from kerastune_ft.training.devices.reduction import sum_over_replicas
from kerastune_ft.training.devices.rendezvous import meet

# The chief's messages to the others are sent in parts of this many words of four bytes.
_WORDS = 1 << 24
_ADDRESS = re.compile(r".+:\d+")


@dataclass(frozen=True)
class Devices:
    """The devices of a run: its strategy, their names, and the reason for the choice.

    With one device `strategy` is TensorFlow's default, which does nothing: a single device needs no strategy object.
    """

    kind: str
    strategy: tf.distribute.Strategy
    names: tuple[str, ...]
    note: str
    deterministic: bool
    workers: int = 1
    """The processes that train together, each of which runs this program."""
    worker: int = 0
    """The number of this process among them; number 0 is the chief, which alone writes files."""
    precision: str = FLOAT32
    """The dtype policy of the backbone while it trains; variables, head and loss are float32 whatever it is."""
    precision_reason: str = ""
    """Why that policy, where it was left to the device."""

    @property
    def replicas(self) -> int:
        """Return the number of replicas over all workers."""
        return int(self.strategy.num_replicas_in_sync)

    @property
    def local_replicas(self) -> int:
        """Return the number of replicas of this process."""
        return self.replicas // self.workers

    @property
    def is_distributed(self) -> bool:
        """Return whether there is more than one replica."""
        return self.replicas > 1

    @property
    def is_chief(self) -> bool:
        """Return whether this process writes the files of the run."""
        return self.worker == 0

    @property
    def sum_dtype(self) -> tf.DType:
        """Return the type that losses and counts are summed in; a TPU sums no float64 over its cores."""
        return tf.float32 if self.kind == "tpu" else tf.float64

    def reduce(self, gradients: Sequence[tf.Tensor], sums: tf.Tensor) -> tuple[list[tf.Tensor], tf.Tensor]:
        """Return both summed over the replicas; called in a replica."""
        *reduced, summed = sum_over_replicas([*gradients, sums])
        return reduced, summed

    def shared_out(self, batch: Any) -> Any:
        """Return this process's share of a batch in host memory divided over its replicas, an equal part for each."""
        if not self.is_distributed:
            return tf.nest.map_structure(tf.convert_to_tensor, batch)
        replicas = self.local_replicas
        rows = len(tf.nest.flatten(batch)[0]) // replicas

        def part(context: Any) -> Any:
            at = context.replica_id_in_sync_group % replicas * rows
            return tf.nest.map_structure(lambda array: tf.convert_to_tensor(array[at : at + rows]), batch)

        return self.strategy.experimental_distribute_values_from_function(part)

    def rows(self, value: Any) -> np.ndarray:
        """Return a batch that is divided over the replicas as one array, all rows in order."""
        if self.workers > 1:
            return np.asarray(self.strategy.gather(value, axis=0))
        shares = [np.asarray(share) for share in self.strategy.experimental_local_results(value)]
        return np.concatenate(shares) if len(shares) > 1 else shares[0]

    def agree(self, content: bytes = b"") -> bytes:
        """Return the chief's bytes on every worker; all of them must call it, in the same order."""
        if self.workers == 1:
            return content
        words = np.frombuffer(content + bytes(-len(content) % 4), np.int32) if self.is_chief else np.zeros(0, np.int32)
        length, size = self._from_chief(np.array([len(content), len(words)] if self.is_chief else [0, 0], np.int64))
        parts = [
            self._from_chief(words[first : first + _WORDS] if self.is_chief else np.zeros(last - first, np.int32))
            for first, last in ((at, min(size, at + _WORDS)) for at in range(0, size, _WORDS))
        ]
        return b"".join(part.tobytes() for part in parts)[:length]

    def _from_chief(self, array: np.ndarray) -> np.ndarray:
        given, nothing = tf.constant(array), tf.zeros(array.shape, array.dtype)

        def replica() -> tf.Tensor:
            number = tf.distribute.get_replica_context().replica_id_in_sync_group
            return sum_over_replicas([given if self.is_chief and number == 0 else nothing])[0]

        return np.asarray(self.strategy.experimental_local_results(self.strategy.run(replica))[0])

    def to_json(self) -> dict[str, Any]:
        """Return the devices as a JSON object."""
        return {
            "strategy": self.kind,
            "replicas": self.replicas,
            "workers": self.workers,
            "devices": list(self.names),
            "note": self.note,
            "deterministic": self.deterministic,
            "precision": self.precision,
            "precision_reason": self.precision_reason,
        }

    def __str__(self) -> str:
        replicas = f"{self.replicas} replicas on " if self.is_distributed else ""
        said = f"{replicas}{', '.join(self.names)}" + (f" ({self.note})" if self.note else "")
        if self.precision == FLOAT32 and not self.precision_reason:
            return said
        return f"{said} in {self.precision}" + (f" ({self.precision_reason})" if self.precision_reason else "")


class _WithoutAdvice(logging.Filter):
    """Drops TensorFlow's advice on what is meant here: a trace for every phase, and workers that agree step by step."""

    _ADVICE = ("tf.function retracing", "eagerly has significant overhead")

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record is shown."""
        message = record.getMessage()
        return not any(text in message for text in self._ADVICE)


_WITHOUT_ADVICE = _WithoutAdvice()


def resolve(runtime: Runtime) -> Devices:
    """Return the devices for these options, setting TensorFlow up; call it before any tensor is made.

    Raises ConfigError when more replicas are asked for than there are accelerators, or when TensorFlow was already
    initialised with fewer logical CPUs (in a notebook: restart the kernel).
    """
    devices = _choose_devices(runtime)
    memory = gpu_memory.describe_limit([name for name in devices.names if "GPU" in name], runtime.gpu_memory)
    devices = replace(devices, note="; ".join(part for part in (devices.note, memory) if part))
    chosen = precision.choose(runtime.precision, on_tpu=devices.kind == "tpu")
    # Workers with other devices than the chief's compute as it does.
    policy, reason = json.loads(devices.agree(json.dumps(chosen).encode()))
    return replace(devices, precision=policy, precision_reason=reason)


def _choose_devices(runtime: Runtime) -> Devices:
    # The same object each time, which a logger takes only once.
    tf.get_logger().addFilter(_WITHOUT_ADVICE)
    if runtime.strategy == "tpu" or (runtime.strategy == "auto" and tpu.is_there() and not tpu.obstacle()):
        return _tpu(runtime)
    gpus = tf.config.list_physical_devices("GPU")
    gpu_memory.limit_memory(gpus, runtime.gpu_memory)
    deterministic = runtime.deterministic if runtime.deterministic is not None else not gpus
    if deterministic:
        tf.config.experimental.enable_op_determinism()
    replicas = runtime.replicas
    wanted = runtime.strategy
    if wanted == "multi_worker":
        return _workers(gpus, runtime, deterministic)
    if wanted == "auto":
        wanted = "mirrored" if (replicas or len(gpus)) > 1 else "none"
    if wanted == "none" or (wanted == "mirrored" and (replicas or max(1, len(gpus))) == 1):
        name = "GPU:0" if gpus else "CPU"
        return Devices("none", tf.distribute.get_strategy(), (name,), "" if gpus else _why_neither(), deterministic)
    if gpus:
        return _mirrored_gpus(gpus, replicas or len(gpus), deterministic)
    return _mirrored_cpus(replicas or 1, deterministic)


def _tpu(runtime: Runtime) -> Devices:
    strategy = tpu_strategy.connect(runtime)
    if runtime.deterministic:
        tf.config.experimental.enable_op_determinism()
    names = tuple(f"TPU:{number}" for number in range(int(strategy.num_replicas_in_sync)))
    return Devices("tpu", strategy, names, "", bool(runtime.deterministic))


def _workers(gpus: list, runtime: Runtime, deterministic: bool) -> Devices:
    """Join the other workers that TF_CONFIG names; once in a process, since the cluster lives as long as it does."""
    addresses, worker = cluster()
    if runtime.replicas is not None and (len(gpus) or 1) * len(addresses) != runtime.replicas:
        raise ConfigError(
            f"runtime.replicas: {runtime.replicas} asked for, and {len(addresses)} workers have "
            f"{(len(gpus) or 1) * len(addresses)}; remove it"
        )
    strategy = _join_workers(addresses, worker)
    kind = "GPU" if gpus else "CPU"
    names = tuple(f"{address} {kind}:{number}" for address in addresses for number in range(len(gpus) or 1))
    note = f"worker {worker} of {len(addresses)}"
    return Devices("multi_worker", strategy, names, note, deterministic, len(addresses), worker)


@functools.cache
def _join_workers(addresses: tuple[str, ...], worker: int) -> tf.distribute.Strategy:
    meet(addresses, worker)
    return tf.distribute.MultiWorkerMirroredStrategy()


def cluster() -> tuple[tuple[str, ...], int]:
    """Return the addresses of all workers and the number of this one, as the environment variable TF_CONFIG says.

    Raises ConfigError where it says neither.
    """
    text = os.environ.get("TF_CONFIG", "")
    try:
        document = json.loads(text or "{}")
        jobs, task = document["cluster"], document["task"]
        chiefs, workers = list(jobs.get("chief", ())), list(jobs["worker"])
        addresses, own = (*chiefs, *workers), {"chief": chiefs, "worker": workers}[task["type"]]
        if task["index"] not in range(len(own)):
            raise ValueError(f"there are {len(own)} of type {task['type']}, so no index {task['index']}")
        if strange := [each for each in addresses if not _ADDRESS.fullmatch(str(each))]:
            raise ValueError(f"{strange[0]} is no host:port")
        if len(set(addresses)) < len(addresses):
            raise ValueError("two workers have the same address")
        number = int(task["index"]) + (len(chiefs) if task["type"] == "worker" else 0)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        why = {KeyError: f"{error} is missing or unknown", ValueError: str(error)}.get(
            type(error), "it has another form"
        )
        raise ConfigError(
            f"runtime.strategy: multi_worker needs the environment variable TF_CONFIG, which "
            f"{f'cannot be used ({why}: {text[:100]})' if text else 'is not set'}; as in "
            '{"cluster": {"worker": ["host1:2222", "host2:2222"]}, "task": {"type": "worker", "index": 0}}. '
            "To start workers on this machine: python -m kerastune_ft launch --workers 2 CONFIG"
        ) from error
    return addresses, number


def _mirrored_gpus(gpus: list, replicas: int, deterministic: bool) -> Devices:
    if replicas > len(gpus):
        raise ConfigError(f"runtime.replicas: {replicas} replicas need {replicas} GPUs, and there are {len(gpus)}")
    names = tuple(f"GPU:{number}" for number in range(replicas))
    with _without_cluster():
        strategy = tf.distribute.MirroredStrategy(list(names))
    return Devices("mirrored", strategy, names, "", deterministic)


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
    with _without_cluster():
        strategy = tf.distribute.MirroredStrategy(
            [f"/cpu:{number}" for number in range(replicas)], cross_device_ops=tf.distribute.ReductionToOneDevice()
        )
    return Devices("mirrored", strategy, names, f"the CPU split into {replicas} logical devices", deterministic)


@contextlib.contextmanager
def _without_cluster() -> Iterator[None]:
    """Hide TF_CONFIG from a strategy of one process, which would read it although it has no use for it."""
    given = os.environ.pop("TF_CONFIG", None)
    try:
        yield
    finally:
        if given is not None:
            os.environ["TF_CONFIG"] = given


def _why_neither() -> str:
    return f"there is a TPU, but {tpu.obstacle()}" if tpu.is_there() and tpu.obstacle() else _why_no_gpu()


def _why_no_gpu() -> str:
    if not tf.test.is_built_with_cuda() and os.path.exists("/dev/nvidia0"):
        return "there is a GPU, but this TensorFlow was built without CUDA: pip install tensorflow[and-cuda]"
    if os.path.exists("/dev/nvidia0") and (shown := os.environ.get("CUDA_VISIBLE_DEVICES")) is not None:
        return f"there is a GPU, but the environment variable CUDA_VISIBLE_DEVICES, {shown!r}, names none that there is"
    if os.path.exists("/dev/nvidia0"):
        return "there is a GPU, but its libraries were not found: pip install tensorflow[and-cuda]"
    return "no GPU found"
