from __future__ import annotations

import numpy as np

from kerastune_ft.metrics.outcomes.written_texts import TextOutcomes


def test_texts_have_no_probabilities() -> None:
    found = TextOutcomes(3)
    assert found.no_probabilities and found.no_sets
    assert (found.examples, found.take(np.array([0, 2])).examples) == (3, 2)
    assert (found.claims(), found.fit_temperature(), found.losses(), found.list_scored()) == (None, None, {}, [])
