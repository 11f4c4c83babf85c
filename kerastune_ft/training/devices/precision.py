"""Which type a run computes in, where its configuration leaves that to the device."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from kerastune_ft.graph.rebuild.precision import BFLOAT16, FLOAT16, FLOAT32

# Of NVIDIA's GPUs: the first with bfloat16 in its tensor cores, and the first with tensor cores.
_AMPERE, _VOLTA = (8, 0), (7, 0)


def choose(asked: str, *, on_tpu: bool) -> tuple[str, str]:
    """Return the dtype policy of a run's computations, and why where `auto` is asked for."""
    if asked != "auto":
        return asked, ""
    if on_tpu:
        return BFLOAT16, "auto: a TPU"
    return for_gpus([_capability(gpu) for gpu in tf.config.list_physical_devices("GPU")])


def for_gpus(capabilities: Sequence[tuple[int, int] | None]) -> tuple[str, str]:
    """Return policy and reason for GPUs of these compute capabilities, the least of which decides; none means a CPU."""
    if not capabilities:
        return FLOAT32, "auto: a CPU"
    known = [capability for capability in capabilities if capability is not None]
    if len(known) < len(capabilities):
        return FLOAT32, "auto: a GPU of unknown compute capability"
    least = min(known)
    policy = BFLOAT16 if least >= _AMPERE else FLOAT16 if least >= _VOLTA else FLOAT32
    return policy, f"auto: a GPU of compute capability {least[0]}.{least[1]}"


def notes(policy: str) -> list[str]:
    """Return what a plan says of the precision of a run."""
    if policy == FLOAT32:
        return []
    skipped = "; updates whose gradients overflow are skipped, on all replicas alike" if policy == FLOAT16 else ""
    return [
        f"phases train and validate in {policy}, with variables, gradients, head and loss in float32{skipped}; the "
        "final metrics, predictions and model.keras are of the trained weights in float32"
    ]


def _capability(gpu: tf.config.PhysicalDevice) -> tuple[int, int] | None:
    found = tf.config.experimental.get_device_details(gpu).get("compute_capability")
    return None if found is None else (int(found[0]), int(found[1]))
