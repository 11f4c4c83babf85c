from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.config.options.data import ArraysData
from kerastune_ft.config.options.tasks import AudioClassification
from kerastune_ft.data.open import open_source
from kerastune_ft.data.source import DataSource
from kerastune_ft.errors import DataError
from tests.support.sound_files import RATE, tone

Open = Callable[[Any], DataSource]


@pytest.fixture
def opened(tmp_path: Path) -> Open:
    def open_it(options: Any, **task: Any) -> DataSource:
        return open_source(options, AudioClassification(**task), tmp_path / "cache", lambda line: None)

    return open_it


def sound(source: DataSource, index: int) -> tuple[np.ndarray, int]:
    element = source.element(tf.constant(index, tf.int64))
    return element["samples"].numpy(), int(element["rate"])


def arrays(tmp_path: Path, **more: Any) -> ArraysData:
    sounds = np.stack([tone(500 + 100 * number, 0.1, seed=number) for number in range(20)])
    content = {"x": (sounds * 32767).astype(np.int16), "y": np.arange(20) % 2, **more}
    np.savez(tmp_path / "sounds.npz", **content)
    return ArraysData(path=str(tmp_path / "sounds.npz"))


def test_arrays_with_their_rate(tmp_path: Path, opened: Open) -> None:
    source = opened(arrays(tmp_path, sample_rate=RATE))
    values, rate = sound(source, 3)
    assert rate == RATE
    np.testing.assert_allclose(values, tone(800, 0.1, seed=3), atol=1e-4)
    assert not any("samples make a second" in note for note in source.info.notes)
    both = np.zeros((20, 100, 2), np.float32)
    assert sound(opened(arrays(tmp_path, x=both, sample_rate=RATE)), 0)[0].shape == (100,)


def test_arrays_without_a_rate_tell_what_they_are_taken_for(tmp_path: Path, opened: Open) -> None:
    options = arrays(tmp_path)
    assert any("taken to be 16000 (as usual)" in note for note in opened(options).info.notes)
    asked = opened(options.model_copy(update={"sample_rate": 8000}))
    assert any("taken to be 8000 (data.sample_rate)" in note for note in asked.info.notes)
    assert asked.contents[0] != opened(options).contents[0]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"x": np.full((20, 9), 400.0)}, r"values up to 400; sounds are -1 to 1. Divide them"),
        ({"x": np.full((20, 9), np.nan)}, r"NaN or infinity in row 0"),
        ({"x": np.zeros((20, 9, 50))}, r"shape \[20, 9, 50\]; sounds are \[N, samples\]"),
        ({"x": np.zeros((20, 9), np.uint8)}, r"dtype uint8; sounds are int16, int32, or floats"),
        ({"sample_rate": np.array([8000, 16000])}, r"'sample_rate' in .* is not one whole number"),
        ({"y": np.arange(19) % 2}, r"20 inputs in 'x' and 19 labels in 'y'"),
    ],
)
def test_arrays_that_are_no_sounds(tmp_path: Path, opened: Open, more: Any, said: str) -> None:
    with pytest.raises(DataError, match=said):
        opened(arrays(tmp_path, **more))
