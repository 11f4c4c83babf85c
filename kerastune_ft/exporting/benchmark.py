"""Measures a finished export again on this machine, without the run that it came from."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from kerastune_ft.exporting.document import read_document
from kerastune_ft.exporting.place import list_sizes
from kerastune_ft.exporting.process import ExportProcess
from kerastune_ft.exporting.samples.base import load_sampling


def benchmark(folder: Path) -> dict[str, Any]:
    """Return the export.json of an export, with sizes and latency as they are here and now; nothing is written.

    It is measured on inputs of the sizes that were measured when it was made. Raises ConfigError for a folder that is
    no export, and PromiseError where its predict.py fails.
    """
    document = read_document(folder)
    process = ExportProcess(folder, tuple(document["runtime"]))
    with tempfile.TemporaryDirectory() as own:
        inputs = load_sampling(document["modality"]).imitate(document["measured_sizes"], Path(own))
        return document | {"files": list_sizes(folder), "latency": process.measure(inputs)}
