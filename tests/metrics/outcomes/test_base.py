from __future__ import annotations

import numpy as np

from kerastune_ft.metrics.outcomes.base import Outcomes
from kerastune_ft.metrics.outcomes.one_class import OneClassOutcomes
from kerastune_ft.metrics.outcomes.several_classes import SeveralClassesOutcomes


def test_a_kind_says_why_it_has_no_probabilities_or_has_all_that_follows_from_them() -> None:
    targets, logits = np.array([0, 1, 1]), np.array([[1.0, 0.0], [2.0, 0.0], [0.0, 1.0]])
    with_probabilities: list[Outcomes] = [
        OneClassOutcomes(targets, logits, ["a", "b"], 1),
        SeveralClassesOutcomes(logits > 0, logits, ["a", "b"], np.full(2, 0.5)),
    ]
    for found in with_probabilities:
        assert not found.no_probabilities
        claims = found.claims()
        assert claims is not None
        assert claims.probabilities.shape == claims.hits.shape
        assert set(found.losses()) == {"brier", "log_loss"}
        assert all(each.scores.shape == each.is_positive.shape == (3,) for each in found.list_scored())
        assert found.take(np.array([1, 2])).examples == 2
