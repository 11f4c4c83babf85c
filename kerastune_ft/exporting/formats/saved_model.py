"""TensorFlow's SavedModel, as TensorFlow Serving takes it: every weight once, a signature for each endpoint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf

from kerastune_ft.exporting.formats.base import ExportOptions, describe_tensors
from kerastune_ft.exporting.graphs.base import Endpoint, Graphs
from kerastune_ft.quiet_imports import without_remarks_of_tensorflow

NEEDS: tuple[str, ...] = ()
INPUTS = "raw"
QUANTIZES: tuple[str, ...] = ()
BESIDE: tuple[str, ...] = ()
RUNTIME = ("tensorflow", "tensorflow_text", "keras")
"""TensorFlow imports Keras where it is there."""
TOLERANCE = 1e-4
FOLDER = "1"
"""The number of the version, which TensorFlow Serving looks for."""


def write(graphs: Graphs, folder: Path, options: ExportOptions) -> list[dict[str, Any]]:
    """Write the raw endpoints as signatures, the first of them as `serving_default` too, and describe them."""
    return write_endpoints(graphs, graphs.raw(), folder / FOLDER, FOLDER)


def write_endpoints(graphs: Graphs, endpoints: list[Endpoint], folder: Path, name: str) -> list[dict[str, Any]]:
    """Write endpoints as signatures of a SavedModel; `name` is that of its folder in descriptions."""
    module = tf.Module()
    # Variables of TensorFlow: those of Keras around them would not be found, and left out without a word.
    module.kept = [variable.value for variable in graphs.model.variables]
    module.kept += list(graphs.resources())
    signatures = {endpoint.name: endpoint.trace() for endpoint in endpoints}
    module.endpoints = list(signatures.values())
    with without_remarks_of_tensorflow():
        tf.saved_model.save(
            module, str(folder), signatures={**signatures, "serving_default": signatures[endpoints[0].name]}
        )
    return [
        {
            "name": endpoint.name,
            "what": endpoint.what,
            "file": name,
            "inputs": describe_tensors(endpoint.inputs),
            "outputs": describe_tensors(signatures[endpoint.name].get_concrete_function().structured_outputs),
        }
        for endpoint in endpoints
    ]
