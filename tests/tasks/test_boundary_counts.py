from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from kerastune_ft.data.annotations.masks import IGNORE
from kerastune_ft.tasks.boundary_counts import count_boundaries
from tests.support.boundary_scores import count_by_distances


def _draw(seed: int, pictures: int = 3, height: int = 21, width: int = 17) -> np.ndarray:
    """Return masks of rectangles of three classes on 0."""
    random = np.random.default_rng(seed)
    masks = np.zeros((pictures, height, width), np.uint8)
    for mask in masks:
        for number in (1, 2, 3):
            top, left = random.integers(0, height - 6), random.integers(0, width - 6)
            mask[top : top + random.integers(2, 9), left : left + random.integers(2, 9)] = number
    return masks


@pytest.mark.parametrize("reach", [0.4, 1.0, 2.3, 3.7])
def test_counts_are_those_of_distances_in_scipy(reach: float) -> None:
    true, found = _draw(0), _draw(1)
    true[0, :4], true[1, 5:8, 5:8], true[2] = IGNORE, IGNORE, IGNORE
    # A class that only one of both has.
    found[1][found[1] == 3] = 0
    counts = tf.function(count_boundaries)(tf.constant(true), tf.constant(found), 4, reach).numpy()
    assert counts.dtype == np.int32
    for picture in range(3):
        expected = [count_by_distances(true[picture], found[picture], number, reach, IGNORE) for number in range(4)]
        assert counts[picture].tolist() == expected
    assert counts[:2].any(axis=(1, 2)).all()
    assert not counts[2].any(), "a picture without a class has no boundary"


def test_a_mask_is_near_itself_and_has_no_boundary_at_the_border_of_the_picture() -> None:
    mask = np.zeros((1, 8, 8), np.uint8)
    mask[0, :, :3] = 1
    counts = count_boundaries(tf.constant(mask), tf.constant(mask), 2, 0.1).numpy()
    assert counts[0].tolist() == [[8, 8, 8, 8], [8, 8, 8, 8]]


def test_each_picture_is_what_it_is_alone() -> None:
    true, found = _draw(2), _draw(3)
    whole = count_boundaries(tf.constant(true), tf.constant(found), 4, 1.5).numpy()
    alone = [count_boundaries(true[i : i + 1], tf.constant(found[i : i + 1]), 4, 1.5).numpy() for i in range(3)]
    assert np.array_equal(np.concatenate(alone), whole)
