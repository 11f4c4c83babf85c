"""Tensors of the Open Inference Protocol v2, as JSON and as bytes behind it."""

from __future__ import annotations

import base64
import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerastune_ft.serving.inputs import Form, InputTensor, decode_base64, decode_text
from kerastune_ft.serving.outputs import Output
from kerastune_ft.serving.refusal import BAD_REQUEST, TOO_LARGE, Refusal

_LENGTH = struct.Struct("<I")
_DTYPES = {"FP32": "<f4", "FP64": "<f8", "BOOL": "?"}
_DTYPES_OF_NUMBERS = ("FP32", "FP64")
_SIZE = "binary_data_size"


def read_tensors(given: Any, rest: bytes, form: Form, most: int) -> dict[str, list[Any]]:
    """Return by name the texts, contents of files or numbers of the inputs of a request, an entry for each example.

    `rest` is what follows the JSON. Raises Refusal for inputs other than those of the model, for bytes that are none of
    theirs, and for more than `most` examples in bytes.
    """
    if not isinstance(given, list) or not all(isinstance(one, Mapping) for one in given):
        raise Refusal(BAD_REQUEST, "inputs is a list of tensors")
    names = [one.get("name") for one in given]
    if sorted(map(str, names)) != sorted(form.names):
        raise Refusal(BAD_REQUEST, f"the inputs are {', '.join(form.names)}, each once")
    tensors, found = {each.name: each for each in form.tensors}, dict[str, list[Any]]()
    for one in given:
        tensor, at = tensors[str(one["name"])], f"inputs {one['name']}"
        _check_type(one.get("datatype"), tensor, at)
        size = _read_size(one, at)
        if size is not None:
            if "data" in one or size > len(rest):
                raise Refusal(BAD_REQUEST, f"{at}: {_SIZE} is not the size of what follows the JSON")
            values = _read_bytes(rest[:size], one["datatype"], tensor, most, at)
            rest = rest[size:]
        else:
            values = _read_data(one.get("data"), tensor, at)
        found[tensor.name] = _make_rows(values, one.get("shape"), tensor, at)
    if rest:
        raise Refusal(BAD_REQUEST, f"{len(rest)} bytes follow the JSON that belong to no input")
    return found


def _check_type(datatype: Any, tensor: InputTensor, at: str) -> None:
    allowed = _DTYPES_OF_NUMBERS if tensor.datatype in _DTYPES_OF_NUMBERS else (tensor.datatype,)
    if datatype not in allowed:
        raise Refusal(BAD_REQUEST, f"{at}: the datatype is {' or '.join(allowed)}")


def _read_bytes(content: bytes, datatype: str, tensor: InputTensor, most: int, at: str) -> list[Any]:
    """Return the elements of a tensor that is sent as bytes; a number that is none is missing."""
    if datatype not in _DTYPES_OF_NUMBERS:
        elements = _split(content, at, most * (tensor.width or 1))
        return list(elements) if tensor.is_binary else [decode_text(each) for each in elements]
    dtype = np.dtype(_DTYPES[datatype])
    if len(content) % dtype.itemsize:
        raise Refusal(BAD_REQUEST, f"{at}: its bytes are no numbers of {datatype}")
    return [None if math.isnan(each) else each for each in np.frombuffer(content, dtype).tolist()]


def _read_size(one: Mapping[str, Any], at: str) -> int | None:
    parameters = one.get("parameters", {})
    size = parameters.get(_SIZE) if isinstance(parameters, Mapping) else None
    if size is None:
        return None
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise Refusal(BAD_REQUEST, f"{at}: {_SIZE} is no size")
    return size


def _read_data(data: Any, tensor: InputTensor, at: str) -> list[Any]:
    """Return the elements of a tensor in JSON, row after row."""
    if tensor.width is None and isinstance(data, list) and len(data) == 1 and isinstance(data[0], list):
        data = data[0]
    if tensor.width is not None and isinstance(data, list) and all(isinstance(row, list) for row in data):
        data = [each for row in data for each in row]
    if tensor.datatype in _DTYPES_OF_NUMBERS and isinstance(data, list):
        return data
    takes_null = tensor.width is not None
    if not isinstance(data, list) or not all(isinstance(each, str) or (takes_null and each is None) for each in data):
        raise Refusal(BAD_REQUEST, f"{at}: data is a list of {'texts in base64' if tensor.is_binary else 'texts'}")
    return [decode_base64(each) for each in data] if tensor.is_binary else data


def _make_rows(values: list[Any], shape: Any, tensor: InputTensor, at: str) -> list[Any]:
    """Return an entry for each example: an element, or a row of as many as the tensor is wide."""
    if tensor.width is None:
        _check_shape(shape, len(values), at)
        return values
    count, rest = divmod(len(values), tensor.width)
    if rest or not count or shape not in ([count, tensor.width], *([[count]] if tensor.width == 1 else [])):
        raise Refusal(BAD_REQUEST, f"{at}: the shape of {len(values)} elements is [examples, {tensor.width}]")
    return [values[row * tensor.width : (row + 1) * tensor.width] for row in range(count)]


def _split(content: bytes, at: str, most: int) -> list[bytes]:
    """Return the elements of a tensor of bytes, each behind its length in four bytes."""
    elements: list[bytes] = []
    place = 0
    while place < len(content):
        if len(elements) == most:
            # Four bytes may be an element, which takes ten times as many in memory.
            raise Refusal(TOO_LARGE, f"{at}: more than {most} inputs (--max-instances)")
        if place + _LENGTH.size > len(content):
            raise Refusal(BAD_REQUEST, f"{at}: its bytes end within the length of an element")
        (length,) = _LENGTH.unpack_from(content, place)
        place += _LENGTH.size
        if place + length > len(content):
            raise Refusal(BAD_REQUEST, f"{at}: its bytes end within an element")
        elements.append(content[place : place + length])
        place += length
    return elements


def _check_shape(shape: Any, count: int, at: str) -> None:
    if shape not in ([count], [count, 1], [1, count]) or not count:
        raise Refusal(BAD_REQUEST, f"{at}: the shape of {count} elements is [{count}]")


def write_json(output: Output, rows: Sequence[Any]) -> dict[str, Any]:
    """Return an output as JSON: numbers row after row, files in base64."""
    values = [_to_json(output.in_tensor(value)) for value in rows]
    data = [number for row in values for number in row] if len(output.shape) > 1 else values
    return {"name": output.name, "datatype": output.datatype, "shape": _shape(output, len(rows)), "data": data}


def write_bytes(output: Output, rows: Sequence[Any]) -> tuple[dict[str, Any], bytes]:
    """Return the description of an output, and its values as bytes."""
    if output.datatype in _DTYPES:
        content = np.asarray(rows, _DTYPES[output.datatype]).tobytes()
    else:
        elements = [_to_bytes(output.in_tensor(value)) for value in rows]
        content = b"".join(_LENGTH.pack(len(each)) + each for each in elements)
    about = {"name": output.name, "datatype": output.datatype, "shape": _shape(output, len(rows))}
    return {**about, "parameters": {_SIZE: len(content)}}, content


def _shape(output: Output, count: int) -> list[int]:
    return [count, *output.shape[1:]]


def _to_json(value: Any) -> Any:
    return base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else value


def _to_bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8")
