from __future__ import annotations

import numpy as np

from kerastune_ft.metrics.outcomes.values import ValueOutcomes, read_values


def test_rows_of_one_target_and_of_several() -> None:
    one = read_values([{"label": "1.5", "value": "2"}, {"label": "3", "value": "-1e-3"}], ["size"])
    assert (one.wanted.tolist(), one.predicted.tolist()) == ([[1.5], [3.0]], [[2.0], [-0.001]])
    row = {"label_x": "1", "value_x": "2", "label_y": "3", "value_y": "4"}
    two = read_values([row], ["x", "y"])
    assert (two.wanted.tolist(), two.predicted.tolist()) == ([[1, 3]], [[2, 4]])
    assert read_values([], ["x", "y"]).wanted.shape == (0, 2)


def test_values_have_no_probabilities() -> None:
    found = ValueOutcomes(np.ones((3, 1)), np.ones((3, 1)), ["size"])
    assert found.no_probabilities
    assert (found.claims(), found.fit_temperature(), found.losses(), found.list_scored()) == (None, None, {}, [])
    assert (found.examples, found.take(np.array([0])).examples) == (3, 1)
