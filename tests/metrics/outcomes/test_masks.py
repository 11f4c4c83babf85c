from __future__ import annotations

import numpy as np

from kerastune_ft.metrics.outcomes.masks import MaskOutcomes


def test_masks_have_no_probabilities() -> None:
    found = MaskOutcomes(3, ["cell"])
    assert (found.examples, found.take(np.array([1])).examples) == (3, 1)
    assert found.no_probabilities
