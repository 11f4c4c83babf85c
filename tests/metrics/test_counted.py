"""Figures from counts against scikit-learn's, bit for bit: many classes, few, ties, classes never predicted."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from kerastune_ft.metrics.counted import find_accuracy, find_auc, find_macro_f1


@pytest.mark.parametrize("seed", range(30))
def test_they_have_the_bits_of_scikit_learn(seed: int) -> None:
    draw = np.random.default_rng(seed)
    classes, examples = int(draw.integers(2, 18)), int(draw.integers(20, 300))
    targets = np.concatenate([np.arange(classes), draw.integers(0, classes, examples)])
    # Rounded scores have ties; those of some seeds are certain or alike for all.
    scores = np.round(draw.random((len(targets), classes)), int(draw.integers(0, 6)))
    predicted = scores.argmax(axis=1)
    assert find_accuracy(targets, predicted) == metrics.accuracy_score(targets, predicted)
    for labels in (None, np.unique(targets[classes:]), np.arange(classes)):
        ours = find_macro_f1(targets, predicted, labels)
        assert ours == metrics.f1_score(targets, predicted, labels=labels, average="macro", zero_division=0)
    for one in range(classes):
        assert find_auc(targets == one, scores[:, one]) == metrics.roc_auc_score(targets == one, scores[:, one])


def test_scores_that_are_perfect_wrong_or_alike() -> None:
    is_positive = np.array([0, 1, 1, 0, 1])
    assert find_auc(is_positive, is_positive * 1.0) == 1.0
    assert find_auc(is_positive, -1.0 * is_positive) == 0.0
    assert find_auc(is_positive, np.zeros(5)) == 0.5
    assert find_auc(np.array([0, 1]), np.array([0.2, 0.1])) == 0.0


def test_infinite_scores_have_ties_too_and_nan_ranks_nothing() -> None:
    is_positive = np.array([1, 0, 1, 0, 1, 0])
    scores = np.array([np.inf, np.inf, 2.0, -np.inf, -np.inf, 1.0])
    for order in (slice(None), slice(None, None, -1)):
        finite = np.nan_to_num(scores[order], posinf=9.0, neginf=-9.0)
        ours = find_auc(is_positive[order], scores[order])
        assert ours == metrics.roc_auc_score(is_positive[order], finite)
    assert np.isnan(find_auc(np.array([0, 1]), np.array([np.nan, 0.5])))


def test_a_class_that_neither_occurs_nor_is_predicted_has_an_f1_of_0() -> None:
    targets, predicted, labels = np.array([0, 2, 2]), np.array([0, 2, 0]), np.arange(5)
    wanted = metrics.f1_score(targets, predicted, labels=labels, average="macro", zero_division=0)
    assert find_macro_f1(targets, predicted, labels) == wanted
    one = np.zeros(3, int)
    assert find_macro_f1(one, one) == metrics.f1_score(one, one, average="macro") == 1.0
