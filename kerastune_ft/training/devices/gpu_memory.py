"""The GPU memory that TensorFlow takes, as `runtime.gpu_memory` says; set before the GPUs are initialised."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from kerastune_ft.config.options.byte_sizes import size_text
from kerastune_ft.config.options.gpu_memory import ALL, GROW, gpu_bytes
from kerastune_ft.errors import ConfigError

_MIB = 1 << 20


def limit_memory(gpus: Sequence[Any], asked: str | int) -> None:
    """Set how much memory of each of these physical devices TensorFlow takes.

    `grow` is as much as is needed, step by step; `all` nearly all of it at once, which is TensorFlow's own way; a size
    is taken at once and never exceeded. Raises ConfigError where TensorFlow has initialised its GPUs otherwise; with
    `grow`, which changes nothing but who else finds room, they stay as they are.
    """
    limit = gpu_bytes(asked)
    try:
        for gpu in gpus:
            if limit is None:
                tf.config.experimental.set_memory_growth(gpu, asked == GROW)
            else:
                share = tf.config.LogicalDeviceConfiguration(memory_limit=limit // _MIB)
                tf.config.set_logical_device_configuration(gpu, [share])
    # A GPU that was divided has no growth, and one that is initialised takes no other setting.
    except (RuntimeError, ValueError) as error:
        if asked == GROW:
            return
        raise ConfigError(
            f"runtime.gpu_memory: TensorFlow already uses the GPUs of this process with another setting ({error}); "
            "start a new process (in a notebook: restart the kernel)"
        ) from error


def describe_limit(gpus: Sequence[Any], asked: str | int) -> str:
    """Return what is to be said of the setting beside the devices; nothing where it is the usual one."""
    if asked == GROW:
        return ""
    if not gpus:
        return "gpu_memory has no effect"
    limit = gpu_bytes(asked)
    each = " each" if len(gpus) > 1 else ""
    if limit is None:
        assert asked == ALL
        return f"all memory{f' of {len(gpus)} GPUs' if each else ''} taken at once"
    return f"at most {size_text(limit)}{each}"
