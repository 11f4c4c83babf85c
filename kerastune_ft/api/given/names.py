"""Errors about files that a call wrote, in the words for what was given: the DataFrame, and no file of its own."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping

from kerastune_ft.errors import reword_errors


def replace_paths(words: Mapping[str, str]) -> contextlib.AbstractContextManager[None]:
    """Let errors pass with the words for what was given in the place of paths, by path; more may come meanwhile."""
    return reword_errors(lambda said: _replace(said, words))


def _replace(said: str, words: Mapping[str, str]) -> str:
    for path, given in words.items():
        for written in (os.path.abspath(path), path, os.path.basename(path)):
            said = said.replace(written, given)
    return said
