"""Sounds as WAV files."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kerastune_ft.data.in_memory.sounds import encode_sound, is_sound
from kerastune_ft.data.sounds.wav import read_wav
from kerastune_ft.errors import DataError

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("shape", [(50,), (50, 2)])
@pytest.mark.parametrize("key", ["sampling_rate", "sample_rate"])
def test_floats_are_kept(shape: tuple[int, ...], key: str) -> None:
    values = RANDOM.uniform(-1, 1, shape).astype(np.float32)
    found, rate = read_wav(encode_sound({"array": values, key: 8000}, "it"))
    assert rate == 8000
    assert np.array_equal(found.reshape(shape), values)


@pytest.mark.parametrize("dtype", [np.int16, np.int32])
def test_whole_numbers_are_kept(dtype: Any) -> None:
    top = np.iinfo(dtype).max
    values = RANDOM.integers(-top, top, 50, dtype=dtype)
    found, _ = read_wav(encode_sound({"array": values, "sampling_rate": 16000}, "it"))
    assert np.allclose(found[:, 0], values / (top + 1.0), atol=1e-7)


@pytest.mark.parametrize(
    ("sound", "message"),
    [
        ({"array": np.zeros((2, 500)), "sampling_rate": 8000}, r"channels come last: samples\.T"),
        ({"array": [], "sampling_rate": 8000}, r"shape \[0\]"),
        ({"array": np.zeros(5, np.uint8), "sampling_rate": 8000}, "dtype uint8"),
        ({"array": np.zeros(5, np.int64), "sampling_rate": 8000}, "samples of int64"),
        ({"array": np.zeros(5), "sampling_rate": None}, "it has no rate"),
    ],
)
def test_what_is_no_sound_is_refused(sound: Any, message: str) -> None:
    assert is_sound(sound)
    with pytest.raises(DataError, match=message):
        encode_sound(sound, "it")
