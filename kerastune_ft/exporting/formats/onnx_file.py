"""ONNX: one model file for each endpoint, and their weights in one file beside them."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from kerastune_ft.errors import ConfigError
from kerastune_ft.exporting.formats import onnx_weights
from kerastune_ft.exporting.formats.base import ExportOptions, describe_tensors
from kerastune_ft.exporting.formats.onnx_smaller import make_smaller
from kerastune_ft.exporting.graphs.base import Endpoint, Graphs

NEEDS = ("tf2onnx", "onnx", "onnxruntime")
INPUTS = "portable"
QUANTIZES = ("float16", "dynamic")
BESIDE: tuple[str, ...] = ()
RUNTIME = ("onnxruntime",)
# Resizing makes exact halves of some pixels, which the last digit of float32 rounds up or down: 0.1 % of them differ by
# 1 of 255 from training, and probabilities by up to 2e-3 on real photos. Images of the model's own size differ by 1e-5.
TOLERANCE = 5e-3
OPSET = 18


def write(graphs: Graphs, folder: Path, options: ExportOptions) -> list[dict[str, Any]]:
    """Write `<endpoint>.onnx` for each portable endpoint and `weights.bin`, and describe them."""
    import onnx

    endpoints = graphs.portable()
    models = {endpoint.name: convert(endpoint) for endpoint in endpoints}
    if options.quantize is not None:
        models = {name: make_smaller(model, options.quantize) for name, model in models.items()}
    (folder / onnx_weights.FILE).write_bytes(onnx_weights.share_weights(models))
    described = []
    for endpoint in endpoints:
        file = folder / f"{endpoint.name}.onnx"
        file.write_bytes(models[endpoint.name].SerializeToString())
        # By its path, so that the weights beside it are looked for as well.
        try:
            onnx.checker.check_model(str(file), full_check=True)
        except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
            said = " ".join(str(error).split())[:200]
            raise ConfigError(f"--format: onnx cannot hold this model; saved_model or keras may: {said}") from error
        outputs = endpoint.trace().get_concrete_function().structured_outputs
        described.append(
            {
                "name": endpoint.name,
                "what": endpoint.what,
                "file": file.name,
                "inputs": describe_tensors(endpoint.inputs),
                "outputs": describe_tensors(outputs),
            }
        )
    return described


def convert(endpoint: Endpoint) -> Any:
    """Return an endpoint as an ONNX model whose inputs and outputs have the endpoint's names."""
    import tf2onnx

    function = endpoint.trace()
    with _without_remarks(), _with_inner_functions_open():
        function.get_concrete_function()
    with _without_remarks():
        model, _ = tf2onnx.convert.from_function(
            function, function.input_signature, opset=OPSET, custom_op_handlers=_OPERATIONS
        )
    _fill_in_constants(model, function.get_concrete_function())
    return model


@contextlib.contextmanager
def _with_inner_functions_open() -> Iterator[None]:
    """Let functions that layers compile for themselves be traced into the graph around them.

    Keras compiles convolutions of groups by XLA, and tf2onnx would leave a call of that function in the model.
    """
    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(before)


def _fill_in_constants(model: Any, function: Any) -> None:
    """Give the constants that layers hold as tensors, which tf2onnx leaves open as inputs, their values.

    Layers such as Normalization have them; they are no variables, which tf2onnx fills in itself.
    """
    from onnx import numpy_helper

    held = {inner.name: outer for outer, inner in function.graph.captures}
    for each in [value for value in model.graph.input if value.name in held]:
        model.graph.initializer.append(numpy_helper.from_array(held[each.name].numpy(), each.name))
        model.graph.input.remove(each)


def _write_erfc(graph: Any, node: Any, name: str, arguments: Any) -> None:
    """Write TensorFlow's Erfc, which its exact GELU is made of and tf2onnx lacks, as 1 - Erf."""
    output = node.output[0]
    kind, shape = graph.get_dtype(output), graph.get_shape(output)
    given = node.input[0]
    graph.remove_node(name)
    error = graph.make_node("Erf", [given], dtypes=[kind], shapes=[shape])
    one = graph.make_const(f"{name}/one", np.array(1.0, np.float32))
    graph.make_node("Sub", [one.output[0], error.output[0]], name=name, outputs=[output], dtypes=[kind], shapes=[shape])


_OPERATIONS: dict[str, tuple[Any, list[Any]]] = {"Erfc": (_write_erfc, [])}
"""What writes operations that tf2onnx does not know."""


@contextlib.contextmanager
def _without_remarks() -> Iterator[None]:
    """Leave out what tf2onnx logs of its steps, and what NumPy warns of in it."""
    logger = logging.getLogger("tf2onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
