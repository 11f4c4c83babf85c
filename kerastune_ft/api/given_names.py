"""Errors about files that a call wrote, in the words for what was given: the DataFrame, and no file of its own."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, MutableMapping

from kerastune_ft.data.in_memory.frames import NAME
from kerastune_ft.errors import KerasTuneError

_FRAME, _OTHER = "the DataFrame", "the given data"


def describe_form(name: str) -> str:
    """Return the words for data in memory that were written under a name."""
    return _FRAME if name == NAME else _OTHER


@contextlib.contextmanager
def replace_paths(words: MutableMapping[str, str]) -> Iterator[None]:
    """Raise errors with the words for what was given in the place of paths, by path; more may be added meanwhile."""
    try:
        yield
    except KerasTuneError as error:
        error.args = (_replace(error.sentence, words), *error.args[1:])
        raise


def _replace(said: str, words: MutableMapping[str, str]) -> str:
    for path, given in words.items():
        for written in (os.path.abspath(path), path, os.path.basename(path)):
            said = said.replace(written, given)
    return said
