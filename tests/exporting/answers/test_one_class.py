from __future__ import annotations

import pytest

from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.exporting.answers.base import Samples
from kerastune_ft.exporting.answers.one_class import compare

SCHEME = LabelScheme("one", ("cat", "dog", "owl"))


def test_differences_flips_and_scores() -> None:
    rows = [
        {"label": "cat", "probability_cat": 0.8, "probability_dog": 0.1, "probability_owl": 0.1},
        {"label": "dog", "probability_cat": 0.43, "probability_dog": 0.45, "probability_owl": 0.12},
    ]
    answers = [
        {"label": "cat", "probabilities": {"cat": 0.79, "dog": 0.1, "owl": 0.11}},
        {"label": "cat", "probabilities": {"cat": 0.46, "dog": 0.42, "owl": 0.12}},
    ]
    found = compare(SCHEME, Samples(["a.png", "b.png"], [0, 1]), rows, answers)
    assert found.differences == pytest.approx([0.01, 0.03])
    assert (found.score, found.of_run, found.of_export) == ("accuracy", 1.0, 0.5)
    (flip,) = found.flips
    assert (flip.sample, flip.run, flip.export) == ("b.png", "dog", "cat")
    assert flip.gap == pytest.approx(0.02)
