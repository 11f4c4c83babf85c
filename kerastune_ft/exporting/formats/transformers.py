"""A folder that the library transformers opens; only for runs whose models write texts, see `exporting.language`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kerastune_ft.errors import ConfigError
from kerastune_ft.exporting.formats.base import ExportOptions
from kerastune_ft.exporting.graphs.base import Graphs

NEEDS: tuple[str, ...] = ()
INPUTS = "keras"
QUANTIZES: tuple[str, ...] = ()
BESIDE: tuple[str, ...] = ()
RUNTIME = ("transformers",)
TOLERANCE = 1e-3


def write(graphs: Graphs, folder: Path, options: ExportOptions) -> list[dict[str, Any]]:
    """Raise ConfigError: what is not a language model has no head there."""
    raise ConfigError("--format: transformers is for language models; write onnx, saved_model, litert, keras or preset")
