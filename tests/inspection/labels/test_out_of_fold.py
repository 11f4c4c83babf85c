from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegression

from kerastune_ft.inspection.labels.out_of_fold import FOLDS, assign_folds, predict_out_of_fold, standardise
from kerastune_ft.metrics.one_class import softmax
from kerastune_ft.solvers.losses import SoftmaxLoss


def test_folds_divide_every_class_and_no_bundle() -> None:
    random = np.random.default_rng(0)
    strata, addresses = random.integers(0, 3, 200), random.integers(0, 2**62, 200)
    bundles = np.arange(200)
    bundles[[10, 50, 90]] = 3
    folds = assign_folds(strata, bundles, addresses, 1)
    assert set(folds) == set(range(FOLDS))
    assert len(set(folds[[3, 10, 50, 90]])) == 1
    for stratum in range(3):
        counts = np.bincount(folds[strata == stratum], minlength=FOLDS)
        assert counts.max() - counts.min() <= 3
    assert (assign_folds(strata, bundles, addresses, 1) == folds).all()
    assert (assign_folds(strata, bundles, addresses, 2) != folds).any()


def test_nobody_is_asked_about_what_it_was_fitted_to() -> None:
    """Labels that nothing tells: out of fold they are guessed, in it they would be learned by heart."""
    random = np.random.default_rng(0)
    features, labels = random.normal(size=(80, 60)), random.integers(0, 2, 80)
    folds = np.arange(80) % FOLDS
    outputs = predict_out_of_fold(features, labels, SoftmaxLoss(2), folds)
    assert 0.3 < (outputs.argmax(axis=1) == labels).mean() < 0.7


def test_outputs_are_those_of_logistic_regression() -> None:
    random = np.random.default_rng(1)
    labels = np.arange(150) % 3
    features = random.normal(size=(150, 5)) + 0.5 * np.eye(5)[labels]
    folds = np.arange(150) // 3 % FOLDS
    found = softmax(predict_out_of_fold(features, labels, SoftmaxLoss(3), folds))
    rows = standardise(features)
    near = []
    for l2 in (1.0, 0.1, 1e-2, 1e-3, 1e-4):
        expected = np.empty((150, 3))
        for fold in range(FOLDS):
            held = folds == fold
            model = LogisticRegression(C=1 / (l2 * (~held).sum()), max_iter=1000).fit(rows[~held], labels[~held])
            expected[held] = model.predict_proba(rows[held])
        near.append(np.abs(found - expected).max())
    assert min(near) < 0.01


def test_constant_features_are_nothing() -> None:
    rows = standardise(np.stack([np.arange(4.0), np.full(4, 7.0)], axis=1))
    np.testing.assert_allclose(rows[:, 0].std(), 1, atol=1e-6)
    assert not rows[:, 1].any()
