"""Inputs in memory, made into what is listed like files."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from PIL import Image

from kerastune_ft.data.tables.read import read_table
from kerastune_ft.errors import ConfigError, DataError
from kerastune_ft.inference.images import list_images
from kerastune_ft.inference.items import Item
from kerastune_ft.inference.memory_inputs import MemoryInputs

PICTURE = Image.fromarray(np.random.default_rng(0).integers(0, 255, (4, 5, 3), dtype=np.uint8))


@pytest.fixture
def memory() -> Any:
    with MemoryInputs() as found:
        yield found


@pytest.mark.parametrize("inputs", ["a.png", Path("a"), np.zeros((2, 2)), io.BytesIO(), 3, None])
def test_what_is_listed_anyway_stays(memory: MemoryInputs, inputs: Any) -> None:
    assert memory.prepare(inputs) is inputs


def test_pictures_become_files_while_they_are_needed() -> None:
    with MemoryInputs() as memory:
        one, other = memory.prepare([PICTURE, PICTURE])
        (alone,) = memory.prepare(PICTURE)
        assert (one.name, other.name) == ("[0]", "[1]")
        for item in (one, other, alone):
            assert np.array_equal(np.asarray(Image.open(item.path)), np.asarray(PICTURE))
    assert not Path(one.path).exists()


def test_sounds_bring_their_rate(memory: MemoryInputs) -> None:
    (item,) = memory.prepare({"array": [0.0, 0.5], "sampling_rate": 8000})
    assert (item.name, item.rate, item.values.tolist()) == ("[0]", 8000, [0.0, 0.5])


def test_a_frame_becomes_a_table(memory: MemoryInputs) -> None:
    (path,) = memory.prepare(pd.DataFrame({"text": ["one", None]}))
    assert read_table(Path(path)).texts("text", "") == ["one", ""]


def test_tensors_and_series_become_arrays(memory: MemoryInputs) -> None:
    assert memory.prepare(tf.ones((2, 3))).shape == (2, 3)
    assert list(memory.prepare(pd.Series(["a", "b"]))) == ["a", "b"]
    (array,) = memory.prepare([tf.ones((2, 3))])
    assert isinstance(array, np.ndarray)


def test_a_dataset_is_read(memory: MemoryInputs) -> None:
    images = tf.data.Dataset.from_tensor_slices((np.zeros((3, 2, 2, 3)), [0, 1, 2])).batch(2)
    assert [len(batch) for batch in memory.prepare(images)] == [2, 1]
    assert memory.prepare(tf.data.Dataset.from_tensor_slices(["é", "b"]).batch(2)) == ["é", "b"]


def test_bytes_are_a_file(memory: MemoryInputs) -> None:
    (item,) = memory.prepare(b"content")
    assert isinstance(item, Item) and Path(item.path or "").read_bytes() == b"content"


def test_what_is_missing_keeps_its_place(memory: MemoryInputs) -> None:
    text, gap = memory.prepare(pd.Series(["a", None]))
    assert (text, gap.problem) == ("a", "is missing")


def test_rows_as_objects_are_refused(memory: MemoryInputs) -> None:
    with pytest.raises(ConfigError, match=r"\[0\] is an object with text; give a DataFrame"):
        memory.prepare([{"text": "a"}])


def test_channels_that_come_first_are_refused() -> None:
    options: Any = SimpleNamespace(intensity=None, takes_grey=False)
    with pytest.raises(DataError, match=r"channels first, or 3 grey images; write  x.transpose\(1, 2, 0\)"):
        list_images(np.zeros((3, 8, 9), np.uint8), "[0]", options)
    for values in (np.zeros((1, 8, 9), np.uint8), np.zeros((3, 8, 9, 1), np.uint8), np.zeros((3, 8, 3), np.uint8)):
        assert list_images(values, "[0]", options).count in (1, 3)


def test_a_run_on_grey_arrays_takes_three_of_them() -> None:
    options: Any = SimpleNamespace(intensity=None, takes_grey=True)
    assert list_images(np.zeros((3, 8, 9), np.uint8), "[0]", options).count == 3
    # A single picture in colour is one picture even so.
    assert list_images(np.zeros((8, 9, 3), np.uint8), "[0]", options).count == 1


def test_a_batch_of_grey_pictures_is_no_picture(memory: MemoryInputs) -> None:
    (batch,) = memory.prepare(tf.data.Dataset.from_tensor_slices(np.zeros((3, 40, 41), np.uint8)).batch(3))
    assert batch.shape == (3, 40, 41, 1)
