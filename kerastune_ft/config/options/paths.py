"""Paths in a configuration: `${NAME}` is expanded, relative paths are resolved, the original text is kept."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, ValidationInfo

from kerastune_ft.config.options.base import problem
from kerastune_ft.config.words import right_value
from kerastune_ft.storage import expand_home, find_name_fault, fits_something, is_remote, normal

_VARIABLE = re.compile(r"\$\{([^}]*)\}")


class WrittenPath(str):
    """A resolved path that remembers its text in the configuration."""

    __slots__ = ("written",)
    written: str

    def __new__(cls, path: str, written: str) -> WrittenPath:
        """Return `path`, remembering `written`."""
        text = super().__new__(cls, path)
        text.written = written
        return text

    def __reduce__(self) -> tuple[type[WrittenPath], tuple[str, str]]:
        return WrittenPath, (str(self), self.written)


def expand(text: str) -> str:
    """Replace every `${NAME}` by that environment variable; an undefined variable is an error."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name not in os.environ:
            raise problem(f"the environment variable {name} is not defined; set it, or write the path out")
        return os.environ[name]

    return _VARIABLE.sub(value, text)


def resolve_path(text: str, directory: Path | None) -> str:
    """Return an absolute path; relative ones are looked up in the working directory, then in `directory`."""
    if is_remote(text):
        return normal(text)
    path = Path(expand_home(text))
    if path.is_absolute():
        return str(path)
    here = Path.cwd() / path
    return str(here if directory is None or fits_something(str(here)) else (directory / path).resolve())


def _refuse_impossible(text: str) -> None:
    if not text:
        raise problem("the path is empty; write one")
    if fault := find_name_fault(expand(text)):
        raise problem(fault)


def _input(text: str, info: ValidationInfo) -> WrittenPath:
    _refuse_impossible(text)
    directories: dict[str, Path] = info.context or {}
    return WrittenPath(resolve_path(expand(text), directories.get(text)), text)


def _output(text: str) -> WrittenPath:
    _refuse_impossible(text)
    path = expand(text)
    return WrittenPath(normal(path) if is_remote(path) else expand_home(path), text)


def _local(text: str) -> WrittenPath:
    path = _output(text)
    if is_remote(path):
        raise problem("caches and locks need a local disk; write a local folder, or remove it")
    return path


# Inputs are looked up in the working directory, then in the folder of the file that names them.
InputPath = Annotated[str, AfterValidator(_input)]
# Outputs need not exist yet, so they are always relative to the working directory.
OutputPath = Annotated[str, AfterValidator(_output)]
LocalPath = Annotated[str, AfterValidator(_local)]

WEIGHT_WORDS = ("imagenet", "embedded")


def resolve_weights(text: str, info: ValidationInfo) -> str:
    """Return a word such as "imagenet", or the resolved path of a weights file, which has a slash, dot or variable."""
    if text in WEIGHT_WORDS:
        return text
    if not any(mark in text for mark in "/\\.$"):
        near = right_value(text, WEIGHT_WORDS)
        if near:
            raise problem(f'"{text}" is unknown; did you mean "{near}"?', near)
        raise problem('write "imagenet", "embedded", null, or a path (./name for a file without an ending)')
    return _input(text, info)


def resolve_preset(text: str, info: ValidationInfo) -> str:
    """Return the name or handle of a preset, or the resolved path of a preset directory, which contains a slash."""
    if "://" in text:
        return text
    return _input(text, info) if any(mark in text for mark in "/\\$") or text in (".", "..") else text
