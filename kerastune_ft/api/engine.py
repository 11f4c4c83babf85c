"""Loading the engine, and the configuration it gets, in whatever form a caller has it."""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from kerastune_ft import keras_settings
from kerastune_ft.api.arguments import plain
from kerastune_ft.config.options.backbones import Applications
from kerastune_ft.config.read import read
from kerastune_ft.config.run import RunConfig
from kerastune_ft.durations import parse_duration
from kerastune_ft.errors import ConfigError, ResourceError
from kerastune_ft.own.objects import OwnObjects
from kerastune_ft.quiet_imports import tensorflow_import
from kerastune_ft.streams import say
from kerastune_ft.training.devices import tpu

# Measured with TensorFlow 2.21: its libraries and the stacks of its threads.
_NEEDED_ADDRESSES = 2_300_000_000
_FEW_ADDRESSES = 4_000_000_000
Config = str | os.PathLike[str] | Mapping[str, Any] | RunConfig
Overrides = str | Sequence[str] | Mapping[str, Any]


def require_weights(settings: RunConfig) -> None:
    """Raise ConfigError for weights that cannot be had, before TensorFlow takes its seconds to import."""
    from kerastune_ft.backbones.keras_applications import imagenet

    backbone = settings.backbone
    if isinstance(backbone, Applications) and backbone.weights == "imagenet":
        imagenet.require_weights(backbone)


def load_engine(settings: RunConfig | None = None) -> Any:
    """Import the engine, and TensorFlow with it, without the lines its libraries print before they have a log.

    Raises ConfigError where Keras is set so that the package cannot work with it. A TPU is made ready before TensorFlow
    is imported or not at all; without `settings` none is wanted.
    """
    if "kerastune_ft.training.engine" in sys.modules:
        # The caller may have set Keras otherwise since.
        keras_settings.check()
        return sys.modules["kerastune_ft.training.engine"]
    if sys.flags.optimize > 1:
        raise ConfigError(
            "Python leaves docstrings out (-OO or PYTHONOPTIMIZE=2), without which keras-hub cannot be imported; leave "
            "that away, or use -O"
        )
    _require_addresses()
    tpu.prepare(settings.runtime.strategy if settings else "none")
    if note := keras_settings.prepare():
        say(note)
    with tensorflow_import():
        from kerastune_ft.training import engine as execute

        # Without a GPU the first look for one makes CUDA complain; a run's own first line says why there is none.
        sys.modules["tensorflow"].config.list_physical_devices()
    keras_settings.check()
    return execute


def _require_addresses() -> None:
    """Raise ResourceError under a limit of memory that TensorFlow cannot live with: it would crash without a word."""
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY or limit >= _FEW_ADDRESSES:
        return
    said = f"the limit of memory addresses is {limit / 1e9:.1f} GB (ulimit -v, which a batch system may set)"
    if limit < _NEEDED_ADDRESSES:
        raise ResourceError(
            f"{said}, and TensorFlow takes {_NEEDED_ADDRESSES / 1e9:.1f} GB of them before it computes anything, most "
            "without using memory; raise it"
        )
    say(f"{said}; where that is not enough, TensorFlow may end without a word: raise it then")


def parse_seconds(stop_after: str | float | None) -> float | None:
    """Return seconds from seconds or text such as `3h50m`; ConfigError for what is not above 0."""
    if isinstance(stop_after, str):
        return parse_duration(stop_after)
    if stop_after is not None and not stop_after > 0:
        raise ConfigError(f"stop_after: {stop_after} is no time at all; give seconds above 0, or text such as 3h50m")
    return stop_after


def list_overrides(overrides: Overrides) -> list[str]:
    """Return overrides as texts `PATH=VALUE`; raise ConfigError for a value that is none of JSON."""
    if isinstance(overrides, str):
        return [overrides]
    if not isinstance(overrides, Mapping):
        return list(overrides)
    try:
        return [f"{path}={json.dumps(plain(value))}" for path, value in overrides.items()]
    except TypeError as error:
        raise ConfigError(f"overrides: {error}; give texts, numbers, booleans, None, lists and dicts") from error


def resolve_config(config: Config, overrides: Overrides) -> RunConfig:
    """Return the configuration of a path, a shipped name, a dict or a RunConfig, with overrides applied."""
    overrides = list_overrides(overrides)
    if not isinstance(config, str | os.PathLike | Mapping | RunConfig):
        raise ConfigError(f"{config!r} is no configuration; give a path, a shipped name, a dict or a RunConfig")
    if isinstance(config, RunConfig):
        if overrides:
            raise ConfigError("overrides go with a path or a dict, not with a RunConfig")
        return config
    settings = read(os.fspath(config) if isinstance(config, os.PathLike) else config, overrides)
    for sentence in settings.replacements:
        say(sentence)
    return settings


def refuse_workers(settings: RunConfig, what: str) -> None:
    """Raise ConfigError where workers of several processes are to train, for what one process does by itself."""
    if settings.runtime.strategy == "multi_worker":
        raise ConfigError(f'runtime.strategy: {what} runs in one process; write "auto", "none" or "mirrored"')


def with_objects(config: Config, overrides: Overrides, own: OwnObjects | None) -> RunConfig:
    """Return the configuration of a call with the caller's objects at hand.

    Raises ConfigError for a configuration that goes with objects where none are given.
    """
    if own is not None and isinstance(config, RunConfig):
        raise ConfigError("objects of Python go with a path or a dict, not with a RunConfig")
    if own is None:
        settings = resolve_config(config, overrides)
        if settings.python is not None:
            raise ConfigError(settings.python.explain_missing())
        return settings
    recorded = f"python={json.dumps(own.identify().to_json())}"
    return resolve_config(config, [*list_overrides(overrides), recorded]).with_own(own)
