"""Tensors of the Open Inference Protocol v2, as JSON and as bytes behind it."""

from __future__ import annotations

import base64
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerastune_ft.serving.inputs import InputForm, decode_base64, decode_text
from kerastune_ft.serving.outputs import Output
from kerastune_ft.serving.refusal import BAD_REQUEST, TOO_LARGE, Refusal

_LENGTH = struct.Struct("<I")
_DTYPES = {"FP32": "<f4", "FP64": "<f8", "BOOL": "?"}
_SIZE = "binary_data_size"


def read_tensors(given: Any, rest: bytes, form: InputForm, most: int) -> dict[str, list[Any]]:
    """Return by name the texts, or contents of files, of the inputs of a request; `rest` is what follows its JSON.

    Raises Refusal for inputs other than those of the model, for bytes that are none of theirs, and for more than `most`
    elements in bytes.
    """
    if not isinstance(given, list) or not all(isinstance(one, Mapping) for one in given):
        raise Refusal(BAD_REQUEST, "inputs is a list of tensors")
    names = [one.get("name") for one in given]
    if sorted(map(str, names)) != sorted(form.names):
        raise Refusal(BAD_REQUEST, f"the inputs are {', '.join(form.names)}, each once")
    found: dict[str, list[Any]] = {}
    for one in given:
        name, at = str(one["name"]), f"inputs {one['name']}"
        if one.get("datatype") != "BYTES":
            raise Refusal(BAD_REQUEST, f"{at}: the datatype is BYTES")
        size = _read_size(one, at)
        if size is not None:
            if "data" in one or size > len(rest):
                raise Refusal(BAD_REQUEST, f"{at}: {_SIZE} is not the size of what follows the JSON")
            elements: list[Any] = _split(rest[:size], at, most)
            rest = rest[size:]
            values = elements if form.is_binary else [decode_text(each) for each in elements]
        else:
            values = _read_data(one.get("data"), form, at)
        _check_shape(one.get("shape"), len(values), at)
        found[name] = values
    if rest:
        raise Refusal(BAD_REQUEST, f"{len(rest)} bytes follow the JSON that belong to no input")
    return found


def _read_size(one: Mapping[str, Any], at: str) -> int | None:
    parameters = one.get("parameters", {})
    size = parameters.get(_SIZE) if isinstance(parameters, Mapping) else None
    if size is None:
        return None
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise Refusal(BAD_REQUEST, f"{at}: {_SIZE} is no size")
    return size


def _read_data(data: Any, form: InputForm, at: str) -> list[Any]:
    if isinstance(data, list) and len(data) == 1 and isinstance(data[0], list):
        data = data[0]
    if not isinstance(data, list) or not all(isinstance(each, str) for each in data):
        raise Refusal(BAD_REQUEST, f"{at}: data is a list of {'texts in base64' if form.is_binary else 'texts'}")
    return [decode_base64(each) for each in data] if form.is_binary else data


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
