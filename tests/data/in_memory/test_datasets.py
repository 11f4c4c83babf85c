"""Datasets of TensorFlow, read once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.data.in_memory.datasets import collect_dataset, is_dataset
from kerastune_ft.errors import ConfigError, DataError

X = np.random.default_rng(0).integers(0, 255, (6, 4, 5, 3), dtype=np.uint8)
Y = np.arange(6)
PAIRS = tf.data.Dataset.from_tensor_slices((X, Y))


def collect(dataset: Any) -> Any:
    assert is_dataset(dataset)
    return collect_dataset(dataset, several=False)


@pytest.mark.parametrize(
    "dataset",
    [
        PAIRS,
        PAIRS.batch(4),
        PAIRS.shuffle(6, seed=1).batch(2),
        PAIRS.map(lambda x, y: {"image": x, "label": y}),
        PAIRS.map(lambda x, y: (x, tf.one_hot(y, 6))).batch(4),
        PAIRS.map(lambda x, y: (x, y[tf.newaxis])).batch(4),
    ],
)
def test_the_same_examples_are_the_same_data(dataset: Any) -> None:
    found = collect(dataset)
    assert sorted(found.arrays["y"].tolist()) == Y.tolist()
    for image, label in zip(found.arrays["x"], found.arrays["y"], strict=True):
        assert np.array_equal(image, X[label])


def test_order_says_nothing() -> None:
    first, second = (collect(one).arrays for one in (PAIRS, PAIRS.shuffle(6, seed=3)))
    assert np.array_equal(first["x"], second["x"]) and np.array_equal(first["y"], second["y"])


def test_grey_batches_are_no_pictures_with_several_labels() -> None:
    grey = tf.data.Dataset.from_tensor_slices((X[..., 0], Y))
    assert collect(grey).arrays["x"].shape == collect(grey.batch(3)).arrays["x"].shape == (6, 4, 5)


def test_texts_and_names_of_classes() -> None:
    texts = tf.data.Dataset.from_tensor_slices((["one é", "two", "three"], [0, 1, 0])).batch(2)
    texts.class_names = ["no", "yes"]
    found = collect(texts)
    assert dict(zip(found.cells["text"], found.cells["label"], strict=True)) == {
        "one é": "no",
        "two": "yes",
        "three": "no",
    }


@pytest.mark.parametrize(
    ("dataset", "error", "message"),
    [
        (PAIRS.repeat(), ConfigError, r"never ends; take repeat\(\) out"),
        (PAIRS.take(0), DataError, "is empty"),
        (PAIRS.map(lambda x, y: x), ConfigError, "no pairs"),
        (PAIRS.map(lambda x, y: {"a": x, "b": y}), ConfigError, "have a, b; map them to pairs"),
    ],
)
def test_what_is_no_data_set_is_refused(dataset: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        collect(dataset)
