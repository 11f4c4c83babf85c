"""Files of safetensors made of arrays as they lie in memory, where safetensors itself would copy all of them twice.

The layout is that of safetensors: the length of a header, the header in JSON, and the values, those of the largest
types first.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from kerastune_ft.durable import Buffers, Content

# In the order in which safetensors has them: types of a later row come first in a file.
_TYPES = MappingProxyType(
    {
        "bool": "BOOL",
        "uint8": "U8",
        "int8": "I8",
        "int16": "I16",
        "uint16": "U16",
        "float16": "F16",
        "bfloat16": "BF16",
        "int32": "I32",
        "uint32": "U32",
        "float32": "F32",
        "float64": "F64",
        "int64": "I64",
        "uint64": "U64",
    }
)
_RANKS = MappingProxyType({name: rank for rank, name in enumerate(_TYPES)})
_ALIGNMENT = 8


def make_tensor_file(arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> Content:
    """Return a file of arrays in C order by name, byte for byte what `safetensors.numpy.save` gives.

    `metadata` has one entry, since safetensors writes several in any order.
    """
    header: dict[str, object] = {"__metadata__": dict(metadata)}
    values, end = [], 0
    for name in sorted(arrays, key=lambda name: (-_RANKS[arrays[name].dtype.name], name.encode())):
        array = arrays[name]
        begin, end = end, end + array.nbytes
        header[name] = {"dtype": _TYPES[array.dtype.name], "shape": list(array.shape), "data_offsets": [begin, end]}
        values.append(view_bytes(array))
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _ALIGNMENT)
    return Buffers([len(text).to_bytes(8, "little"), text, *values])


def view_bytes(array: np.ndarray) -> memoryview:
    """Return the bytes of an array in C order, which are not copied."""
    return array.reshape(-1).view(np.uint8).data
