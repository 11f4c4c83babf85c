from __future__ import annotations

import numpy as np
import pytest

from kerastune_ft.data.embedded import embedded_several, listings


def accuracy(inputs: np.ndarray, labels: np.ndarray) -> float:
    """Return how often a least-squares classifier is right on the examples it was not fitted to."""
    inputs = inputs[:, inputs.std(axis=0) > 0]
    inputs = np.c_[(inputs - inputs.mean(axis=0)) / inputs.std(axis=0), np.ones(len(inputs))]
    half = len(labels) // 2
    weights = np.linalg.lstsq(inputs[:half], np.eye(len(listings.CLASSES))[labels[:half]], rcond=None)[0]
    return float(np.mean((inputs[half:] @ weights).argmax(axis=1) == labels[half:]))


def test_the_class_needs_several_inputs() -> None:
    indices = range(listings.EXAMPLES)
    labels = np.array([listings.label(index) for index in indices])
    figures = np.array([[90 if x is None else x for x in listings.numbers(index)] for index in indices])
    districts = np.array([listings.words(index)[0] for index in indices])
    table = np.c_[figures, districts[:, None] == np.unique(districts)]
    said = [" ".join(listings.text(index).lower().replace(".", "").split()) for index in indices]
    words = sorted({word for text in said for word in text.split()})
    text = np.array([[word in each.split() for word in words] for each in said], float)
    # Of the wall and the grass, how colourful and how dark they are.
    parts = [listings.image(index)[rows].astype(float) for index in indices for rows in (slice(28, 52), slice(56, 64))]
    seen = [(np.ptp(part, axis=-1).mean(), part.mean(), (part.max(axis=-1) < 70).mean()) for part in parts]
    picture = np.array(seen).reshape(len(labels), -1)
    alone = [accuracy(part, labels) for part in (table, text, picture)]
    assert min(alone) > 0.4
    assert accuracy(np.c_[table, text], labels) > max(alone) + 0.03
    assert accuracy(np.c_[table, picture], labels) > max(alone[0], alone[2]) + 0.03
    counts = np.bincount(labels)
    assert counts.min() > 0.8 * counts.max()


def test_some_figures_are_missing() -> None:
    figures = [value for index in range(listings.EXAMPLES) for value in listings.numbers(index)]
    assert 0.03 < np.mean([value is None for value in figures]) < 0.1


def test_an_example_depends_on_its_index_alone() -> None:
    source = embedded_several("listings")
    expected = source.image(7), source.numbers(7), source.words(7), source.text(7), source.label(7)
    source.text(3)
    assert np.array_equal(source.image(7), expected[0])
    assert (source.numbers(7), source.words(7), source.text(7), source.label(7)) == expected[1:]
    with pytest.raises(IndexError):
        source.text(source.EXAMPLES)
    with pytest.raises(KeyError, match="listings, robot"):
        embedded_several("lists")
