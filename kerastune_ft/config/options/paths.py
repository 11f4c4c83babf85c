"""Paths in a configuration: `${NAME}` expanded, relative ones resolved, the written text kept for the hash."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, ValidationInfo

from kerastune_ft.config.options.base import problem
from kerastune_ft.config.words import right_value
from kerastune_ft.storage import is_remote, normal

_VARIABLE = re.compile(r"\$\{([^}]*)\}")


class WrittenPath(str):
    """A path ready for use that remembers how the configuration wrote it."""

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
    """Return the text with every `${NAME}` replaced by that environment variable; an undefined one is a problem."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name not in os.environ:
            raise problem(f"the environment variable {name} is not defined; set it, or write the path out")
        return os.environ[name]

    return _VARIABLE.sub(value, text)


def resolve_path(text: str, directory: Path | None) -> str:
    """Return an absolute path: relative ones lie in the working directory if they exist there, else in `directory`."""
    if is_remote(text):
        return normal(text)
    path = Path(text).expanduser()
    if path.is_absolute():
        return str(path)
    here = Path.cwd() / path
    return str(here if directory is None or here.exists() else (directory / path).resolve())


def _input(text: str, info: ValidationInfo) -> WrittenPath:
    if not text:
        raise problem("the path is empty; write one")
    directories: dict[str, Path] = info.context or {}
    return WrittenPath(resolve_path(expand(text), directories.get(text)), text)


def _output(text: str) -> WrittenPath:
    if not text:
        raise problem("the path is empty; write one")
    path = expand(text)
    return WrittenPath(normal(path) if is_remote(path) else os.path.expanduser(path), text)


def _local(text: str) -> WrittenPath:
    path = _output(text)
    if is_remote(path):
        raise problem("caches and locks need a local disk; write a folder of this machine, or leave it out")
    return path


# What is read lies where it exists: the working directory, else the directory that the context has for the text.
InputPath = Annotated[str, AfterValidator(_input)]
# What is written need not exist yet, so it is always relative to the working directory.
OutputPath = Annotated[str, AfterValidator(_output)]
LocalPath = Annotated[str, AfterValidator(_local)]

WEIGHT_WORDS = ("imagenet", "embedded")


def resolve_weights(text: str, info: ValidationInfo) -> str:
    """Return the word, or the resolved path of a file of weights; a path has a slash, a dot or a variable in it."""
    if text in WEIGHT_WORDS:
        return text
    if not any(mark in text for mark in "/\\.$"):
        near = right_value(text, WEIGHT_WORDS)
        if near:
            raise problem(f'"{text}" is unknown; did you mean "{near}"?', near)
        raise problem('write "imagenet", "embedded", null, or a path (./name for a file without an ending)')
    return _input(text, info)


def resolve_preset(text: str, info: ValidationInfo) -> str:
    """Return the name or handle of a preset, or the resolved path of a preset directory, which has a mark of a path."""
    if "://" in text:
        return text
    return _input(text, info) if any(mark in text for mark in "/\\$") or text in (".", "..") else text
