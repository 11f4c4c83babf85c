"""Files of arrays are those that safetensors writes, and made without copies."""

from __future__ import annotations

import ml_dtypes
import numpy as np
from safetensors.numpy import save

from kerastune_ft.durable import join_content
from kerastune_ft.training.tensor_file import make_tensor_file

TYPES = [
    "bool",
    "uint8",
    "int8",
    "int16",
    "uint16",
    "float16",
    "int32",
    "uint32",
    "float32",
    "float64",
    "int64",
    "uint64",
]


def test_they_are_those_of_safetensors_to_the_byte() -> None:
    draw = np.random.default_rng(0)
    arrays = {
        f'{place}/{name} é"\\\n{dtype}': draw.integers(0, 2, shape).astype(dtype)
        for place, dtype in enumerate([*TYPES, ml_dtypes.bfloat16])
        for name, shape in {"b": (3, 2), "a": (), "none": (0, 4)}.items()
    }
    metadata = {"about": '{"a": "é\\u0001"}'}
    assert join_content(make_tensor_file(arrays, metadata)) == save(arrays, metadata)


def test_the_values_are_not_copied() -> None:
    array = np.ones((4, 5), np.float32)
    *_, values = make_tensor_file({"a": array}, {"about": ""}).pieces()
    assert np.shares_memory(np.frombuffer(values, np.float32), array)


def test_no_arrays_make_a_file_too() -> None:
    assert join_content(make_tensor_file({}, {"about": "none"})) == save({}, {"about": "none"})
