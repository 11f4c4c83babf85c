from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import mahalanobis
from sklearn.covariance import LedoitWolf
from sklearn.preprocessing import normalize

from kerastune_ft.metrics.class_distance import choose_threshold, describe_unknown, fit_distance


def make_features(rows: int = 90, width: int = 6) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(1)
    labels = random.integers(0, 3, rows)
    mixing = random.normal(size=(width, width))
    features = random.normal(size=(rows, width)) @ mixing + 5.0 * labels[:, None] + 100.0
    return features.astype(np.float32), labels


def test_it_is_the_least_distance_of_mahalanobis() -> None:
    features, labels = make_features()
    queries = np.vstack([features[:10], features[:5] + 30.0]).astype(np.float32)
    known, asked = normalize(features.astype(np.float64)), normalize(queries.astype(np.float64))
    means = [known[labels == label].mean(axis=0) for label in range(3)]
    within = np.vstack([known[labels == label] - means[label] for label in range(3)])
    precision = LedoitWolf(assume_centered=True).fit(within).precision_
    wanted = [min(mahalanobis(query, mean, precision) for mean in means) for query in asked]
    found = fit_distance(features, labels)
    np.testing.assert_allclose(found.measure(queries), wanted, rtol=1e-6)
    np.testing.assert_allclose(found.measure(queries * 8.0), wanted, rtol=1e-6)
    assert np.isfinite(found.measure(np.zeros((1, 6)))).all()


def test_what_is_far_from_all_classes_is_farther_than_any_of_them() -> None:
    features, labels = make_features()
    distance = fit_distance(features, labels)
    assert distance.measure(-features[:1])[0] > 5 * distance.measure(features).max()


def test_a_feature_that_never_changes_and_an_empty_class_do_no_harm() -> None:
    features, labels = make_features()
    wider = np.hstack([features, np.zeros((len(features), 2), np.float32)])
    found = fit_distance(wider, labels * 2)
    assert (len(found.means), np.isfinite(found.measure(wider)).all()) == (3, True)
    assert found.measure(wider[:0]).shape == (0,)


def test_fewer_examples_than_features_have_a_distance_too() -> None:
    features, labels = make_features(8, 20)
    measured = fit_distance(features, labels).measure(features)
    assert np.isfinite(measured).all()
    np.testing.assert_array_equal(measured, fit_distance(features, labels).measure(features))


@pytest.mark.parametrize(("count", "share"), [(20, 0.95), (96, 0.95), (10, 0.99), (7, 0.5), (3, 0.01), (1, 0.9)])
def test_the_threshold_is_the_least_that_lets_the_share_through(count: int, share: float) -> None:
    distances = np.random.default_rng(count).permutation(count) + 0.5
    found = choose_threshold(distances, share)
    enough = [each for each in distances if sum(distances <= each) / count >= share - 1e-12]
    assert found == min(enough)


def test_the_count_is_a_sentence() -> None:
    assert describe_unknown("test", 40, 1) == (
        "1 of 40 examples of test (2.5%) is farther from every class than task.unknown lets through; metrics count it "
        "like the others"
    )
    assert describe_unknown("test", 40, 2).startswith("2 of 40 examples of test (5.0%) are farther")
