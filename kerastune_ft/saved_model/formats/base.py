"""Saving a model in a format, and comparing what was written with what was measured before it is kept."""

from __future__ import annotations

import importlib
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from kerastune_ft.errors import PromiseError
from kerastune_ft.saved_model.base import Serving

FORMATS: Mapping[str, str] = {"keras": "kerastune_ft.saved_model.formats.keras_file"}
"""By name, the module of a format."""


class Format(Protocol):
    """A module that writes and opens one format."""

    TOLERANCE: float
    """How far its outputs may be from what was measured, as `Task.difference` says it."""

    def write(self, serving: Serving, folder: Path) -> list[str]:
        """Write the model into a folder and return the names of its files."""

    def open(self, serving: Serving, folder: Path) -> Callable[[Sequence[Any]], np.ndarray]:
        """Open what was written; what is returned takes samples of `Serving.samples` and returns its outputs."""


def load_format(name: str) -> Format:
    """Return a format by name; KeyError where there is none."""
    module: Any = importlib.import_module(FORMATS[name])
    return module


def write_and_check(
    format_name: str,
    serving: Serving,
    samples: Sequence[Any],
    difference: Callable[[np.ndarray], np.ndarray],
    names: Sequence[str],
) -> dict[str, bytes]:
    """Return the files of a model in a format, after comparing what they give for samples with what was measured.

    `difference` takes the outputs for the samples and returns by sample how far they are from that; `names` are the
    samples' for messages. Raises PromiseError, and returns nothing, where one is beyond the format's tolerance.
    """
    chosen = load_format(format_name)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        written = chosen.write(serving, folder)
        found = difference(chosen.open(serving, folder)(samples))
        for name, far in zip(names, found, strict=True):
            if not far <= chosen.TOLERANCE:
                raise PromiseError(
                    f"{os.path.join('model', written[0])} predicts otherwise than what was measured (difference "
                    f"{far:.2g} on {name}); it was not written"
                )
        return {name: (folder / name).read_bytes() for name in written}
