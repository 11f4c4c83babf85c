"""Options of a run: devices, precision, caches and outputs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, Tag, model_validator

from kerastune_ft.config.options.base import Count, Options, Texts, Word, one_of
from kerastune_ft.config.options.byte_sizes import ByteSize
from kerastune_ft.config.options.gpu_memory import GpuMemory
from kerastune_ft.config.options.paths import LocalPath, OutputPath
from kerastune_ft.config.options.phases import Phase
from kerastune_ft.config.options.trackers import Trackers, drop_earlier_key
from kerastune_ft.errors import ConfigError
from kerastune_ft.storage import expand_home, find_name_fault, is_remote


class Pinned(Options):
    """What a search fixed for all its trials, so that a run of one of them computes the same bits."""

    chunk: Literal[8, 16, 24, 32] = Field(description="examples that the frozen part is computed on at a time")
    layers: Texts = Field(
        description="the first layers, by name, that train or draw in some trial: below them all stays frozen"
    )
    folds: Annotated[int, Field(ge=2)] | None = Field(
        None, description="the folds that each trial was measured on, which `crossvalidate` takes; null means none"
    )


class Runtime(Options):
    """Devices, precision and caches."""

    strategy: Literal["auto", "none", "mirrored", "multi_worker", "tpu"] = Field(
        "auto", description="how work is distributed over devices"
    )
    replicas: Count | None = Field(None, description="number of replicas; null means the number of devices")
    precision: Literal["auto", "float32", "mixed_bfloat16", "mixed_float16"] = Field(
        "float32",
        description="the dtype of the backbone's computations; variables, head and loss are float32; auto depends "
        "on the device",
    )
    frozen_precision: Literal["bfloat16"] | None = Field(
        None,
        description="the dtype that the frozen part computes in and is stored in, beside a trained part in float32; "
        "null means float32",
    )
    recompute: bool = Field(
        False,
        description="whether the activations of blocks that train are computed again for their gradients, instead of "
        "being kept: less memory, more time",
    )
    deterministic: bool | None = Field(None, description="null means true on CPU and false on accelerators")
    cache: Literal["auto", "off", "required"] = Field(
        "auto",
        description="whether the frozen part's output is cached; auto means where this is exact and saves time; phases "
        "may override it",
    )
    cache_directory: LocalPath | None = Field(
        None, description="the folder of all caches; null means $KERASTUNE_CACHE, else the user's cache folder"
    )
    cache_budget: ByteSize | None = Field(
        None,
        description="the size limit of all stored features, in bytes or as text like 20GB; null means 20 GB, or 20 % "
        "of the space that is free or used by them if that is less",
    )
    gpu_memory: GpuMemory = Field(
        "grow",
        description="the memory of each GPU to take: as it is needed, all at once, or so many bytes at most, which may "
        "be text like 8GB",
    )
    pinned: Pinned | None = Field(
        None, description="what `search` fixed for its trials and writes for the best of them; null means nothing"
    )


class EveryEpoch(Word):
    """`"epoch"`: a checkpoint at the end of an epoch, at most one in 30 seconds."""

    word: ClassVar[str] = "epoch"


class EverySteps(Options):
    """`{"steps": n}`: a checkpoint after every n steps."""

    steps: Count = Field(description="steps between checkpoints")


class EveryMinutes(Options):
    """`{"minutes": m}`: a checkpoint every m minutes."""

    minutes: Annotated[float, Field(gt=0)] = Field(description="minutes between checkpoints")


def _choose(value: Any) -> str | None:
    if isinstance(value, Options):
        return f"@{type(value).__name__}"
    if value == "epoch":
        return "@EveryEpoch"
    keys = set(value) if isinstance(value, Mapping) else set()
    if keys >= {"steps", "minutes"}:
        return None
    return {"steps": "@EverySteps", "minutes": "@EveryMinutes"}.get(next(iter(keys & {"steps", "minutes"}), ""))


Every = Annotated[
    Annotated[EveryEpoch, Tag("@EveryEpoch")]
    | Annotated[EverySteps, Tag("@EverySteps")]
    | Annotated[EveryMinutes, Tag("@EveryMinutes")],
    one_of(_choose, 'write "epoch", {"steps": 500} or {"minutes": 10}'),
]


class Checkpointing(Options):
    """When checkpoints of training state are written."""

    every: Every = Field(EveryEpoch(), description="how often")
    keep: Count = Field(2, description="how many checkpoints of a phase are kept")


class Output(Options):
    """The outputs of a run."""

    @model_validator(mode="before")
    @classmethod
    def _drop_earlier_key(cls, value: Any) -> Any:
        return drop_earlier_key(value)

    directory: OutputPath = Field("runs", validate_default=True, description="the directory that holds run directories")
    checkpoint: Checkpointing = Field(Checkpointing(), description="when checkpoints are written")
    examples: bool = Field(True, description="whether reports show thumbnails, paths and group ids")
    gradient_norms: bool = Field(
        False, description="whether to record the norms of the gradients of each unit, by epoch"
    )
    trackers: Trackers = Field((), description="the experiment trackers that receive what the run reports")
    mirror: OutputPath | None = Field(
        None,
        description="a folder on a drive or in a bucket that gets a copy of the run while it trains, and from which a "
        "run goes on whose directory is gone",
    )


def effective_cache(phase: Phase, runtime: Runtime) -> Literal["auto", "off", "required"]:
    """Return the cache mode of a phase: its own, or that of the run if the phase says auto."""
    return runtime.cache if phase.cache == "auto" else phase.cache


def cache_directory(runtime: Runtime) -> Path:
    """Return the directory of caches: the option, else $KERASTUNE_CACHE, else ~/.cache/kerastune_ft."""
    chosen = runtime.cache_directory or os.environ.get("KERASTUNE_CACHE")
    if chosen and (fault := find_name_fault(chosen)):
        raise ConfigError(f"KERASTUNE_CACHE: {fault}")
    if chosen and is_remote(chosen):
        raise ConfigError(f"KERASTUNE_CACHE is {chosen}; caches and locks need a local disk: name a local folder")
    if chosen:
        return Path(expand_home(chosen))
    home = expand_home("~")
    if home == "~":
        raise ConfigError(
            "no home directory is known here, where caches are kept; name a local folder in runtime.cache_directory or "
            "in the environment variable KERASTUNE_CACHE"
        )
    return Path(home) / ".cache" / "kerastune_ft"
