"""Writes a model in a format, and compares what was written with what was measured before it is kept."""

from __future__ import annotations

import importlib
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from kerastune_ft.durable import Content, StoredFile
from kerastune_ft.errors import PromiseError
from kerastune_ft.saved_model.base import Serving

FORMATS: Mapping[str, str] = {"keras": "kerastune_ft.saved_model.formats.keras_file"}
"""The module of each format, by the format's name."""


class Format(Protocol):
    """A module that writes and opens one format."""

    TOLERANCE: float
    """The largest `Task.difference` between the outputs of a file in this format and what was measured."""

    def write(self, serving: Serving, folder: Path) -> list[str]:
        """Write the model into a folder and return the names of its files."""

    def open(self, serving: Serving, folder: Path) -> Callable[[Sequence[Any]], np.ndarray]:
        """Open what was written and return a function from `Serving.samples` to the model's outputs."""


def load_format(name: str) -> Format:
    """Return a format by name; raise KeyError for an unknown one."""
    module: Any = importlib.import_module(FORMATS[name])
    return module


def write_and_check(
    format_name: str,
    serving: Serving,
    samples: Sequence[Any],
    difference: Callable[[np.ndarray], np.ndarray],
    names: Sequence[str],
    keep: Callable[[str, Content], None],
) -> None:
    """Write a model in a format, compare its outputs with what was measured, and have the files kept.

    `difference` takes the outputs for `samples` and returns for each sample how far they are from what was measured;
    `names` are the samples' names for messages. `keep` gets the name of each file and its content, which is there for
    as long as the call. Raises PromiseError where a difference is beyond the format's tolerance.
    """
    chosen = load_format(format_name)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        written = chosen.write(serving, folder)
        found = difference(chosen.open(serving, folder)(samples))
        for name, far in zip(names, found, strict=True):
            if not far <= chosen.TOLERANCE:
                raise PromiseError(
                    f"{os.path.join('model', written[0])} gives other predictions than were measured (difference "
                    f"{far:.2g} on {name}); it was not written"
                )
        for name in written:
            keep(name, StoredFile(folder / name))
