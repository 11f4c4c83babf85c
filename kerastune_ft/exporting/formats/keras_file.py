"""Keras: the files of the run's own model, as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kerastune_ft.exporting.formats.base import ExportOptions
from kerastune_ft.exporting.graphs.base import Graphs

NEEDS: tuple[str, ...] = ()
INPUTS = "keras"
QUANTIZES: tuple[str, ...] = ()
BESIDE: tuple[str, ...] = ()
RUNTIME = ("tensorflow", "keras", "keras_hub", "tensorflow_text")
TOLERANCE = 1e-4
FILE = "model.keras"


def write(graphs: Graphs, folder: Path, options: ExportOptions) -> list[dict[str, Any]]:
    """Copy `model.keras` of the run, and describe it."""
    (folder / FILE).write_bytes(graphs.read_model())
    about = graphs.serving.preprocessing()
    return [
        {"name": "model", "what": f"{about['input']}; {about['output']}", "file": FILE, "inputs": [], "outputs": []}
    ]
