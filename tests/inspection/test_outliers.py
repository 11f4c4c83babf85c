from __future__ import annotations

import numpy as np

from kerastune_ft.inspection.neighbours import find_neighbours
from kerastune_ft.inspection.outliers import find_outliers


def test_an_example_far_from_all_is_named() -> None:
    random = np.random.default_rng(0)
    centres = np.eye(12)[:3] * 4
    rows = centres[np.arange(150) % 3] + random.normal(size=(150, 12)) * 0.3
    rows[17] = -3 * np.eye(12)[11]
    ((position, times),) = find_outliers(find_neighbours(rows, 8))
    assert position == 17
    assert times > 3
    assert find_outliers(find_neighbours(np.delete(rows, 17, axis=0), 8)) == []


def test_few_examples_have_none() -> None:
    assert find_outliers(find_neighbours(np.eye(5), 3)) == []
