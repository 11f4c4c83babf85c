"""The strategy over all cores of a TPU."""

from __future__ import annotations

import functools
import os

import tensorflow as tf

from kerastune_ft.config.options.runtime import Runtime
from kerastune_ft.errors import ConfigError
from kerastune_ft.training.devices import tpu
from kerastune_ft.wording import counted


def connect(runtime: Runtime) -> tf.distribute.Strategy:
    """Return the strategy over this machine's TPU, or over the one that TPU_NAME names.

    Raises ConfigError where none can be used, and where another number of replicas is asked for than it has cores.
    """
    problem = tpu.obstacle()
    if not problem and (missing := tpu.unset()):
        problem = (
            f"TensorFlow was imported before {', '.join(missing)} could be set, and does not see the TPU; start a new "
            "process (in a notebook: restart the kernel) in which kerastune_ft is used before tensorflow is imported"
        )
    if problem:
        raise ConfigError(f"runtime.strategy: {runtime.strategy}: {problem}")
    strategy = _initialise(os.environ.get("TPU_NAME") or "local")
    cores = int(strategy.num_replicas_in_sync)
    if runtime.replicas not in (None, cores):
        raise ConfigError(
            f"runtime.replicas: {runtime.replicas} asked for, and a run uses all of the TPU, which has "
            f"{counted(cores, 'core')}; remove it"
        )
    return strategy


# Once in a process: to initialise a TPU again drops what is on it.
@functools.cache
def _initialise(name: str) -> tf.distribute.Strategy:
    try:
        return tf.distribute.TPUStrategy(tf.distribute.cluster_resolver.TPUClusterResolver.connect(name))
    except (ValueError, RuntimeError, tf.errors.OpError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise ConfigError(
            f"runtime.strategy: the TPU {name!r} could not be initialised ({reason[:200]}); one process at a time can "
            "use it, so end others that do, or compute without it: --set runtime.strategy=none"
        ) from error
