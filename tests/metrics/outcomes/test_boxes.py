from __future__ import annotations

import numpy as np

from kerastune_ft.metrics.outcomes.boxes import BoxOutcomes


def test_pictures_with_boxes_have_no_probabilities_and_no_sets() -> None:
    found = BoxOutcomes(3, ["cell"])
    assert (found.examples, found.take(np.array([1])).examples) == (3, 1)
    assert found.no_probabilities and found.no_sets
