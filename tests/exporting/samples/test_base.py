from __future__ import annotations

import numpy as np

from kerastune_ft.exporting.samples.base import choose_samples


def test_samples_lie_at_equal_distances() -> None:
    assert choose_samples(np.arange(100, 300), 3) == [100, 200, 299]
    assert choose_samples(np.array([5, 9]), 10) == [5, 9]
    assert len(set(choose_samples(np.arange(150), 100))) == 100
