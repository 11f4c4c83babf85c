"""Weights of several ONNX models in one file beside them, each once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

FILE = "weights.bin"
_SMALLEST = 1024
"""Bytes from which an array is moved out: smaller ones, such as shapes, are read while a model is checked."""
_ALIGNED = 64


def share_weights(models: Mapping[str, Any]) -> bytes:
    """Move the arrays of ONNX models into the content of one file, equal ones once, and return it.

    The models then name places in the file `FILE`, which has to lie beside them.
    """
    from onnx import TensorProto, numpy_helper

    parts: list[bytes] = []
    places: dict[bytes, int] = {}
    end = 0
    for model in models.values():
        for tensor in _find_tensors(model):
            if tensor.data_type == TensorProto.STRING:
                continue
            content = np.ascontiguousarray(numpy_helper.to_array(tensor)).tobytes()
            if len(content) < _SMALLEST:
                continue
            if content not in places:
                places[content] = end
                padding = -len(content) % _ALIGNED
                parts += [content, bytes(padding)]
                end += len(content) + padding
            _point(tensor, places[content], len(content))
    return b"".join(parts)


def _find_tensors(model: Any) -> list[Any]:
    constants = [attribute.t for node in model.graph.node for attribute in node.attribute if attribute.HasField("t")]
    return [*model.graph.initializer, *constants]


def _point(tensor: Any, start: int, length: int) -> None:
    """Let a tensor name a place in the file in place of its values."""
    from onnx import TensorProto

    for field in ("raw_data", "float_data", "int32_data", "int64_data", "double_data", "uint64_data"):
        tensor.ClearField(field)
    tensor.data_location = TensorProto.EXTERNAL
    del tensor.external_data[:]
    for key, value in {"location": FILE, "offset": start, "length": length}.items():
        tensor.external_data.add(key=key, value=str(value))
