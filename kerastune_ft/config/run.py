"""A complete run configuration, and the hash that says whether two are the same."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Literal

from pydantic import Field

from kerastune_ft.config.options.backbones import Backbone
from kerastune_ft.config.options.base import ListToTuple, Options
from kerastune_ft.config.options.data import Data
from kerastune_ft.config.options.heads import Head
from kerastune_ft.config.options.paths import WrittenPath
from kerastune_ft.config.options.phases import Phase
from kerastune_ft.config.options.runtime import Output, Runtime
from kerastune_ft.config.options.tasks import Task


class RunConfig(Options):
    """What a configuration file says, with every default filled in and presets expanded."""

    version: Literal[1] = Field(1, description="version of this format")
    name: str = Field("run", pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$", description="names the run directories")
    seed: int = Field(0, ge=0, lt=2**32, description="seed of all random draws")
    task: Task = Field(description="what is to be learned")
    data: Data = Field(description="where the examples come from")
    backbone: Backbone = Field(description="the pretrained model")
    head: Head = Field(Head(), description="the new layers on the backbone")
    phases: Annotated[tuple[Phase, ...], ListToTuple, Field(min_length=1)] = Field(description="the schedule")
    runtime: Runtime = Field(Runtime(), description="where and how to compute")
    output: Output = Field(Output(), description="where results go")


def _unexpanded(value: Any) -> Any:
    if isinstance(value, WrittenPath):
        return value.written
    if isinstance(value, dict):
        return {key: _unexpanded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_unexpanded(item) for item in value]
    return value


def config_hash(config: RunConfig) -> str:
    """Return the SHA-256 of all that can change results: everything but `output`, paths as the file writes them.

    Comments are no part of a RunConfig, so they do not count either. Keys stand in the order of the models; the
    order inside maps such as `classes` has a meaning and counts.
    """
    # In Python mode a dump keeps the path objects, which know their text before expansion.
    document = _unexpanded(config.model_dump(mode="python", by_alias=True, exclude={"output"}))
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
