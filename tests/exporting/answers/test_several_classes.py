from __future__ import annotations

import pytest

from kerastune_ft.data.labels.scheme import LabelScheme
from kerastune_ft.exporting.answers.base import Samples
from kerastune_ft.exporting.answers.several_classes import compare

SCHEME = LabelScheme("several", ("cat", "dog"))


def test_sets_of_labels_that_differ_are_flips() -> None:
    rows = [
        {"label": "cat|dog", "probability_cat": 0.8, "probability_dog": 0.5},
        {"label": "", "probability_cat": 0.1, "probability_dog": 0.2},
    ]
    answers = [
        {"labels": ["cat"], "probabilities": {"cat": 0.7, "dog": 0.49}},
        {"labels": [], "probabilities": {"cat": 0.1, "dog": 0.2}},
    ]
    found = compare(SCHEME, Samples(["a", "b"], [[1, 1], [0, 0]], [0.5, 0.495]), rows, answers)
    assert found.differences == pytest.approx([0.1, 0.0])
    assert (found.of_run, found.of_export) == (1.0, 0.5)
    (flip,) = found.flips
    assert (flip.run, flip.export) == ("cat|dog", "cat")
    # That of the dog, which moved; the cat's is larger and moved nothing.
    assert flip.gap == pytest.approx(0.005)


def test_another_threshold_is_a_flip_of_an_answer_that_is_not_close() -> None:
    rows = [{"label": "cat", "probability_cat": 0.8, "probability_dog": 0.3}]
    answers = [{"labels": ["cat", "dog"], "probabilities": {"cat": 0.8, "dog": 0.3}}]
    (flip,) = compare(SCHEME, Samples(["a"], [[1, 0]], [0.5, 0.5]), rows, answers).flips or ()
    assert flip.gap == pytest.approx(0.2), "though both give the same probabilities"
