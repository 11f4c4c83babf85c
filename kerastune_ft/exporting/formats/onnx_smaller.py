"""ONNX models with smaller weights: halves of floats, or whole numbers of 8 bits."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from kerastune_ft.errors import ConfigError

# Operations whose weights become whole numbers: of convolutions onnxruntime computes none on CPUs that is any faster.
_OPERATIONS = ("MatMul", "Gemm", "Gather")
_SMALLEST = 1024
_LARGEST = float(np.finfo(np.float16).max)


def make_smaller(model: Any, how: str) -> Any:
    """Return a model whose weights take less room; `how` is a key of `WAYS`.

    Raises ConfigError for a model in which nothing can be made smaller so.
    """
    made = WAYS[how](model)
    if made.ByteSize() > 0.95 * model.ByteSize():
        raise ConfigError(
            f"--quantize: {how} makes nothing smaller in this model as ONNX, which has next to no weights outside of "
            "convolutions; leave it out, or export as litert"
        )
    return made


def _halve(model: Any) -> Any:
    """Return the model with its weights as float16, which are made float32 again when it is opened."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    made = onnx.ModelProto()
    made.CopyFrom(model)
    casts = []
    for tensor in made.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT:
            continue
        values = numpy_helper.to_array(tensor)
        if values.nbytes < _SMALLEST or np.abs(values).max() > _LARGEST:
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}/half"))
        casts.append(helper.make_node("Cast", [tensor.name], [name], f"{name}/whole", to=TensorProto.FLOAT))
    nodes = [*casts, *made.graph.node]
    del made.graph.node[:]
    made.graph.node.extend(nodes)
    return made


def _make_whole(model: Any) -> Any:
    """Return the model with weights of 8 bits; onnxruntime measures the range of what meets them at each call."""
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    logger = logging.getLogger()
    level = logger.level
    # It logs advice on preparing models, which changes nothing here.
    logger.setLevel(logging.ERROR)
    try:
        with tempfile.TemporaryDirectory() as folder:
            given, written = Path(folder, "given.onnx"), Path(folder, "written.onnx")
            onnx.save(model, given)
            quantize_dynamic(
                given, written, op_types_to_quantize=list(_OPERATIONS), weight_type=QuantType.QInt8, per_channel=True
            )
            return onnx.load(written)
    finally:
        logger.setLevel(level)


WAYS: Mapping[str, Callable[[Any], Any]] = {"float16": _halve, "dynamic": _make_whole}
"""What makes a model smaller, by the value of --quantize."""
