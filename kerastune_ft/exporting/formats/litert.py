"""LiteRT (TensorFlow Lite): one file with a signature for each endpoint, of built-in operations alone."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import tensorflow as tf

from kerastune_ft.errors import ConfigError
from kerastune_ft.exporting.formats.base import ExportOptions
from kerastune_ft.exporting.formats.saved_model import write_endpoints
from kerastune_ft.exporting.graphs.base import Graphs
from kerastune_ft.quiet_imports import without_remarks_of_tensorflow

NEEDS = ("ai_edge_litert",)
INPUTS = "portable"
QUANTIZES = ("float16", "dynamic")
BESIDE: tuple[str, ...] = ()
RUNTIME = ("ai_edge_litert",)
# Resizing makes exact halves of some pixels, which the last digit of float32 rounds up or down: 0.1 % of them differ by
# 1 of 255 from training, and probabilities by up to 2e-3 on real photos. Images of the model's own size differ by 1e-5.
TOLERANCE = 5e-3
FILE = "model.tflite"


def write(graphs: Graphs, folder: Path, options: ExportOptions) -> list[dict[str, Any]]:
    """Write `model.tflite` with the portable endpoints as signatures, and describe them.

    Raises ConfigError for a model with operations that LiteRT lacks.
    """
    endpoints = graphs.portable()
    with tempfile.TemporaryDirectory() as made:
        described = write_endpoints(graphs, endpoints, Path(made), FILE)
        converter = tf.lite.TFLiteConverter.from_saved_model(
            made, signature_keys=[endpoint.name for endpoint in endpoints]
        )
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
        if options.quantize is not None:
            # Of weights alone: in whole numbers of 8 bits, or in halves of floats.
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.target_spec.supported_types = [tf.float16] if options.quantize == "float16" else []
        try:
            with without_remarks_of_tensorflow():
                content = converter.convert()
        except Exception as error:  # The converter raises an error of its own, and others.
            said = " ".join(str(error).split())[:300]
            raise ConfigError(f"--format: litert cannot hold this model; onnx or saved_model may: {said}") from error
    (folder / FILE).write_bytes(content)
    return described
