"""The arguments of a call as JSON values, and what is said about those that are no sections of a configuration."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel

from kerastune_ft.config.options.backbones import Applications
from kerastune_ft.config.options.data import ArraysData, FolderData, TableData
from kerastune_ft.config.options.heads import Head
from kerastune_ft.config.options.phases import Phase
from kerastune_ft.config.options.runtime import Output, Runtime
from kerastune_ft.config.run import RunConfig
from kerastune_ft.config.words import right_key
from kerastune_ft.errors import ConfigError

_ARGUMENTS = ("task", "backbone", "phases", "epochs", "directory", "run_dir", "fresh")
_OWN = ("task", "data", "backbone", "phases")
_SECTIONS = ("defaults", *(name for name in RunConfig.model_fields if name not in _OWN))
# Where a key belongs that is given as an argument, by the options that have it.
_HOMES: tuple[tuple[type[BaseModel], str], ...] = (
    (Applications, 'backbone={{"name": ..., "{key}": ...}}'),
    (Phase, 'defaults={{"{key}": ...}}'),
    (Head, 'head={{"{key}": ...}}'),
    (Runtime, 'runtime={{"{key}": ...}}'),
    (Output, 'output={{"{key}": ...}}'),
    (FolderData, 'data={{"path": ..., "{key}": ...}}'),
    (TableData, 'data={{"path": ..., "{key}": ...}}'),
    (ArraysData, 'data={{"path": ..., "{key}": ...}}'),
)


def check_sections(names: Iterable[str]) -> None:
    """Raise ConfigError for an argument that is no section of a configuration, with where it belongs."""
    for name in names:
        if name not in _SECTIONS:
            raise ConfigError(f"kt.fine_tune has no argument {name!r}; {_place_of(name)}")


def _place_of(name: str) -> str:
    if home := _home_of(name):
        return f"write  {home}"
    near = right_key(name, (*_ARGUMENTS, *_SECTIONS))[0]
    if near:
        return f"did you mean {near!r}?"
    inside = right_key(name, [key for options, _ in _HOMES for key in options.model_fields])[0]
    if inside and (home := _home_of(inside)):
        return f"write  {home}"
    return f"it takes {', '.join(_ARGUMENTS)}, and sections of a configuration: {', '.join(_SECTIONS)}"


def _home_of(key: str) -> str | None:
    return next((home.format(key=key) for options, home in _HOMES if key in options.model_fields), None)


def plain(value: Any) -> Any:
    """Return a value of Python as JSON has it: paths as text, tuples as lists, numbers of NumPy as numbers."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    # A number of NumPy, or an array of them; anything else is refused where the configuration is read.
    return value.tolist() if hasattr(value, "tolist") and hasattr(value, "dtype") else value
